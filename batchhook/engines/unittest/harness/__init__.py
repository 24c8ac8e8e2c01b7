"""The harness of unittest.

The worker discovers the suite, reports its items (the tests, in order), and then runs those it is asked to run.
Fixtures, outcomes and texts are unittest's own: the tests run under ``unittest.TestSuite.run``, with a result object
that only observes.
"""
