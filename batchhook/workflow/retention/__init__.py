"""Retention: measuring and freeing disk space."""
