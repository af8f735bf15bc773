"""The terminal's own health: disk, memory, temperature, clock, power, cable."""
