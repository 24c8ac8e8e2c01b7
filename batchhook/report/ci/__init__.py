"""Output for CI services: annotations, job summaries, and reports in their formats."""
