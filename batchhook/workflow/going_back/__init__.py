"""Going back, and what is said and done after a critical failure."""
