"""Culprit search: ``core/culprits`` applied to real commits."""
