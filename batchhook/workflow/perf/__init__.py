"""Slowdowns put to work: what seems slower in a run is measured before and after, and the change is found."""
