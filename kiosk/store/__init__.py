"""The terminal's one SQLite file and the sealed pages beside it."""
