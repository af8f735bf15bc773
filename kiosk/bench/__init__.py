"""The bench: a web page on loopback with the terminal's live screen and the simulated hardware beside it."""
