"""The robot citizen: drives the real app with real touches over simulated hardware."""
