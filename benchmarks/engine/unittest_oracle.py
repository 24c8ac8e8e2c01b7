"""Run a suite with unittest itself, in the project's Python, and write each test's outcome to a file as JSON.

A test with several events (subtests, a failing tear-down) has the worst outcome of them, as in batchhook.
"""

from __future__ import annotations

import json
import os
import sys
import unittest
from pathlib import Path
from typing import Any

ORDER = ("failed", "errored", "unexpected success", "expected failure", "skipped", "passed")
REASONS_KEPT = 5

events_by_test: dict[tuple[int, str], list[tuple[str, str]]] = {}
kept: list[Any] = []


def store_event(test: Any, outcome: str, reason: str = "") -> None:  # noqa: ANN401
    """Store an event of a test, or of the test that a subtest belongs to."""
    # Not by its having a `test_case` attribute: that may be a test's method.
    owner = test.test_case if isinstance(test, unittest.case._SubTest) else test  # type: ignore[attr-defined] # noqa: SLF001
    kept.append(owner)  # keep ids unique: no two objects at the same address
    events_by_test.setdefault((id(owner), owner.id()), []).append((outcome, reason))


class Result(unittest.TextTestResult):
    """unittest's result, which also stores each event."""

    def addSuccess(self, test: Any) -> None:  # noqa: ANN401, N802
        """Store a success."""
        super().addSuccess(test)
        store_event(test, "passed")

    def addError(self, test: Any, err: Any) -> None:  # noqa: ANN401, N802
        """Store an error."""
        super().addError(test, err)
        store_event(test, "errored")

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: ANN401, N802
        """Store a failure."""
        super().addFailure(test, err)
        store_event(test, "failed")

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: ANN401, N802
        """Store a skip and its reason."""
        super().addSkip(test, reason)
        store_event(test, "skipped", str(reason))

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: ANN401, N802
        """Store an expected failure."""
        super().addExpectedFailure(test, err)
        store_event(test, "expected failure")

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: ANN401, N802
        """Store an unexpected success."""
        super().addUnexpectedSuccess(test)
        store_event(test, "unexpected success")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: ANN401, N802
        """Store a failing subtest."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            store_event(test, "failed" if issubclass(err[0], test.failureException) else "errored")


class Runner(unittest.TextTestRunner):
    """unittest's runner with that result."""

    resultclass = Result  # type: ignore[assignment]


def main(file: str, *discovery: str) -> None:
    """Run the suite in the working directory."""
    out = Path(file).absolute()
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as `python -m` does
    arguments = ["python -m unittest", "discover", *discovery]
    unittest.main(module=None, argv=arguments, testRunner=Runner, exit=False)
    rows = [
        [
            name,
            min((outcome for outcome, _ in events), key=ORDER.index),
            "; ".join(dict.fromkeys([reason for _, reason in events if reason][:REASONS_KEPT])),
        ]
        for (_, name), events in events_by_test.items()
    ]
    out.write_text(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
