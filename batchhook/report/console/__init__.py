"""Console output for people."""
