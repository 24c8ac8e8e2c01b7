"""Counting: which commits and recorded changes make up the open batch."""
