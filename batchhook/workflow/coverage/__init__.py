"""Coverage of runs: have it measured, and compare it with what changes touched."""
