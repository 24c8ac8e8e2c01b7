"""Restoring files from backups: without git's objects, commits or index."""
