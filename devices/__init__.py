"""Everything that touches hardware. Each device runs in a process of its own."""
