"""Notifications and plug-ins."""
