"""Running the project's suite on one tree."""
