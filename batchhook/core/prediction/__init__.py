"""Probabilities that a change breaks something, and which tests: features, the model, simple rules, and evaluation."""
