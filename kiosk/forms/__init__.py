"""Pages, answers and rules. One engine for the terminal and the platform."""
