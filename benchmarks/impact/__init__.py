"""Are the tests that a change affects named, and soon enough? Beside pytest-testmon."""
