"""Predictions of what changes break: learned from the history of this repository, and used where they are better."""
