"""unittest: runs a suite as ``python -m unittest discover`` would."""
