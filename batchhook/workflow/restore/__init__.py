"""Going back by file copies: without git's objects, commits, or index."""
