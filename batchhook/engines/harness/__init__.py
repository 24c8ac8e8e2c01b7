"""Parts of the harness that do not depend on the test framework.

``supervisor.py`` and ``command.py`` are scripts that batchhook starts; the supervisor forks, and the child imports the
``worker`` of an engine. The harness shares its process with the project's code, hence these rules for it and for every
engine: import nothing that the test framework does not import anyway, start no thread, and bind at import time every
function that a test could replace later. Whatever a test does to its process must disturb neither the reports nor the
next test more than it would without batchhook.

A report is one line: the run's secret token, a space, a JSON object. ``batchhook/execution/protocol.py`` defines the
messages.
"""
