"""Test engines: what batchhook knows of each test framework, and the code that runs inside the project's own Python.

``engine.py`` is the seam. ``command/`` is the engine for any other test command: presets, selection and the readers of
reports. Each framework of Python's is a package: ``engine.py`` is its side in batchhook, ``harness/`` its side in
the project, with a ``worker`` module whose ``main`` the supervisor calls. ``harness/`` beside them holds what every
framework's worker shares: the supervisor process, the pipes to batchhook, bounded texts. The harnesses are standard
library only (and the framework itself), Python 3.8 to 3.14, and import nothing of the rest of batchhook.
"""
