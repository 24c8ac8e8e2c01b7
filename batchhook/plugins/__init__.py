"""Plug-ins: their hooks (``hookspecs``), their discovery, and the processes that run them and send notifications."""
