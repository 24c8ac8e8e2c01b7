"""pytest: runs a suite as ``python -m pytest`` would, with the project's own version, configuration and plug-ins."""
