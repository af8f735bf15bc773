"""Trains the network that finds the corners of a page; every picture it learns from is drawn by this folder."""
