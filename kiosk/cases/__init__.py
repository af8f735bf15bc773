"""Draft to case: what a citizen has entered, and the moment when it becomes durable."""
