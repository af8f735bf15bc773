"""Trains the network that tells a line of print from one that stands on its head."""
