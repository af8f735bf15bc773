"""Credentials at start, and the staff's PIN."""
