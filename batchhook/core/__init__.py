"""What batchhook knows: pure values and decisions. No files, no clock, no environment, no printing."""
