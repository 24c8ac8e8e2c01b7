"""Access to git: pygit2 reads and merges objects, the git command does everything else (docs/decisions)."""
