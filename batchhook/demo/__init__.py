"""The demo: a throw-away repository in which the whole story of batchhook happens for real.

``project/`` is the project that the story is about and ``commits/`` the changes that are made to it. The story is told
by ``play.py``, which talks to batchhook as anybody does: by its commands.
"""
