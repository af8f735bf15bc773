"""Resident identity cards, read by a SAM_V reader on a serial line."""
