"""What can run tests: an engine for each kind of suite."""
