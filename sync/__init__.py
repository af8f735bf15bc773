"""Everything between the terminal and the platform."""
