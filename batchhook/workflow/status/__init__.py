"""Where everything stands: batches, verdicts, runs in progress, the gate."""
