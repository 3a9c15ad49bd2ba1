"""Data sets: where they are looked for, how they are read, and how they are checked."""
