"""Test engines: code that runs inside the project's own Python.

Standard library only, Python 3.8 to 3.14; nothing here imports the rest of batchhook. ``harness/`` holds the parts that
every engine shares: the supervisor process, the pipes to batchhook, bounded texts. Each engine is a package with a
``worker`` module, whose ``main`` the supervisor calls.
"""
