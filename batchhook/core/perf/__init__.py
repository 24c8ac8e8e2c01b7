"""Slowdowns: which tests to measure again, what the measurements show, and which change is to blame."""
