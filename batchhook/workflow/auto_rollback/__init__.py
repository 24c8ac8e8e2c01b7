"""Reverting the culprits of a batch, after checking that it helps."""
