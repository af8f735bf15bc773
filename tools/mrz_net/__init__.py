"""Trains the network that reads machine-readable lines; every line it learns from is drawn by this folder."""
