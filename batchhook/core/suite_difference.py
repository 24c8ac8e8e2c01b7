"""Differences between the suites of two runs that readers of a comparison must know about."""

from __future__ import annotations

from collections.abc import Mapping

from batchhook.core.sanitize import one_line


def python_of(suite: Mapping[str, object]) -> str:
    """Return the path and the version of a suite's Python; empty if it could not run."""
    return str(suite.get("python", ""))


def other_python(suite: Mapping[str, object], earlier: Mapping[str, object]) -> str:
    """Return the path and the version of an earlier suite's Python; empty if it is the same, or either is unknown."""
    python, before = python_of(suite), python_of(earlier)
    return before if python and before != python else ""


def describe_difference(suite: Mapping[str, object], earlier: Mapping[str, object], subject: str) -> str:
    """Return a sentence, without a period, if tests may end differently although no file differs; else empty.

    Args:
        suite: fingerprint of a run's suite.
        earlier: fingerprint of the suite of the run that it is compared with.
        subject: that run, such as ``batch 1``.
    """
    if before := other_python(suite, earlier):
        return f"ran under another Python than {subject}: {one_line(python_of(suite))} instead of {one_line(before)}"
    distributions = suite.get("distributions"), earlier.get("distributions")
    if all(distributions) and distributions[0] != distributions[1]:
        return f"ran with other installed packages than {subject}, under the same Python"
    return ""
