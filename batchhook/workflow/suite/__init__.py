"""The project's test suite, run on one tree."""
