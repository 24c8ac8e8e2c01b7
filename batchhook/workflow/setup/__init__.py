"""Hooks, settings, and whether all is well."""
