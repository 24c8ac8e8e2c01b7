"""Showing what batchhook knows: to people (rich, plain where there is no terminal) and to programs (JSON)."""
