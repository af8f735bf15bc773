"""Pure types that cross rooms. Nothing here does input or output."""
