"""Watching: each settled burst of saves is recorded as a change."""
