"""Trains the network that tells which way up a page of print lies."""
