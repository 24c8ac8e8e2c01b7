"""Real test tools, each in a small project of its own, through git's hooks."""
