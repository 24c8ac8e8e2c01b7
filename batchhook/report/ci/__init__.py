"""What CI services take: annotations, job summaries, reports in their formats."""
