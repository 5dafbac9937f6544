"""Data sets: every loader is named after its set and returns a documented bunch of arrays."""
