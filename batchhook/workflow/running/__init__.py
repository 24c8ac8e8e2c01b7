"""A batch's way through its run, and runs by hand."""
