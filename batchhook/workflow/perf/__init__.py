"""Slowdown search: ``core/perf`` applied to real commits."""
