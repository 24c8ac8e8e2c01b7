"""Pure domain values and decisions: no files, clock, environment or output."""
