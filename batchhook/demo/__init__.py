"""The demo: a temporary repository in which batchhook's whole workflow runs for real.

``project/`` is the sample project, with tests for each engine, and ``commits/`` holds the changes made to it.
``walkthrough.py`` runs the demo and uses batchhook only through its command line, as a user would.
"""
