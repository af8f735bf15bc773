"""The terminal's own logic. Knows no Qt, no serial port and no HTTP."""
