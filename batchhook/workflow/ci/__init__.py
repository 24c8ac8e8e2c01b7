"""Testing a checkout on a CI service: without hooks, without a state folder, and without a trace in the git dir."""
