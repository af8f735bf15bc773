"""Every fault in every state of a visit: raised on simulated hardware, watched on the screen, taken back."""
