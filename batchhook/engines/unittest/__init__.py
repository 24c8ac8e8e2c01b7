"""The unittest engine."""
