"""Installing hooks, starting without git, and diagnosing an installation."""
