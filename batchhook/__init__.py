"""batchhook: commit as you like; every fifth change your tests run by themselves."""

__version__ = "0.2.0"
