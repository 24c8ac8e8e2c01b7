"""Status: batches, verdicts, running jobs, and the gate."""
