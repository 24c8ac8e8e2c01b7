"""Loaders of what the pages show, which read the store and never write: one module for each page."""
