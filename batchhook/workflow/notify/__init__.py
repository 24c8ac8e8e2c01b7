"""Notifications and plug-in events."""
