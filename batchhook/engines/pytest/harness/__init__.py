"""The harness of pytest.

A plug-in takes over the loop of a session: it lists what was collected, and then runs what it is asked to run.
Collection, fixtures, outcomes and texts are pytest's own.
"""
