"""Does batchhook tell what became slower from what only seems so? See ``__main__.py``."""
