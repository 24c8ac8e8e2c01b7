"""Finding out which change broke which test: the search of ``core/culprits`` put to work on real commits."""
