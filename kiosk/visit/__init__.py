"""One citizen's time at the terminal: its states, its time limits, and its end."""
