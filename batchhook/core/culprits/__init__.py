"""Culprit search: one search finds the change that broke each failing test. It decides on probes but runs nothing."""
