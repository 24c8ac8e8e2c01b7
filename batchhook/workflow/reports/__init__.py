"""Reports, written and taken elsewhere."""
