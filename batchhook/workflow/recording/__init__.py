"""Recording of changes without commits."""
