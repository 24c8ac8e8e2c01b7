"""The one place that talks to git: pygit2 reads objects, the git command does the rest (docs/architecture.md)."""
