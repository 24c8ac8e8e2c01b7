"""Runs in the project's Python: what unittest itself says of each test, as JSON in the file named first.

A test with several events (subtests, a failing tear-down) is as bad as the worst of them, as it is for batchhook.
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

rows: dict[tuple[int, str], list[tuple[str, str]]] = {}
kept: list[Any] = []


def note(test: Any, outcome: str, reason: str = "") -> None:  # noqa: ANN401
    """Remember what happened to a test, or to the one that a subtest belongs to."""
    # Not by whether it has a `test_case`: that may be a test's method.
    owner = test.test_case if isinstance(test, unittest.case._SubTest) else test  # type: ignore[attr-defined] # noqa: SLF001
    kept.append(owner)  # so that no two have the same identity
    rows.setdefault((id(owner), owner.id()), []).append((outcome, reason))


class Result(unittest.TextTestResult):
    """unittest's own result, which also notes."""

    def addSuccess(self, test: Any) -> None:  # noqa: ANN401, N802
        """Note a success."""
        super().addSuccess(test)
        note(test, "passed")

    def addError(self, test: Any, err: Any) -> None:  # noqa: ANN401, N802
        """Note an error."""
        super().addError(test, err)
        note(test, "errored")

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: ANN401, N802
        """Note a failure."""
        super().addFailure(test, err)
        note(test, "failed")

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: ANN401, N802
        """Note a skip and its reason."""
        super().addSkip(test, reason)
        note(test, "skipped", str(reason))

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: ANN401, N802
        """Note a failure that was expected."""
        super().addExpectedFailure(test, err)
        note(test, "expected failure")

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: ANN401, N802
        """Note a success where a failure was expected."""
        super().addUnexpectedSuccess(test)
        note(test, "unexpected success")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: ANN401, N802
        """Note a failing subtest."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            note(test, "failed" if issubclass(err[0], test.failureException) else "errored")


class Runner(unittest.TextTestRunner):
    """unittest's own runner, with that result."""

    resultclass = Result  # type: ignore[assignment]


def main(file: str, *discovery: str) -> None:
    """Run the suite in the working directory."""
    out = Path(file).absolute()
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as `python -m` does
    arguments = ["python -m unittest", "discover", *discovery]
    unittest.main(module=None, argv=arguments, testRunner=Runner, exit=False)
    found = [
        [
            name,
            min((outcome for outcome, _ in events), key=ORDER.index),
            "; ".join(dict.fromkeys([reason for _, reason in events if reason][:REASONS_KEPT])),
        ]
        for (_, name), events in rows.items()
    ]
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
