"""Telling others what has happened: plug-ins, and people elsewhere."""
