"""Output for people (console, files, CI services) and for programs (JSON documents)."""
