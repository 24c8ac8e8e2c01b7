"""Runs a unittest suite inside the project, as ``python -m unittest discover`` would, and reports every step.

Standard library only, Python 3.8 to 3.14. ``supervisor.py`` is the script that batchhook starts with the project's
Python; it forks and lets ``worker.main`` do the work. The harness is a worker: it discovers the suite, reports its
units (the tests, in order), and then runs those it is told to. Fixtures, outcomes and texts are unittest's own: the
tests run under ``unittest.TestSuite.run`` with a result object that only watches.

Nothing here imports modules beyond those that unittest needs anyway, starts a thread, or looks up a function at the
time of use that a test could have replaced by then: what a test does to its process is to disturb neither the reports
nor the next test more than it would under unittest.

A report is one line: the run's secret token, a space, a JSON object. ``batchhook/execution/protocol.py`` says what each
may hold.
"""
