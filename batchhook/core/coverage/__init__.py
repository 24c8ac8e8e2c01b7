"""Coverage: the lines and branches that tests run, and the changed lines that none of them runs."""
