"""Failing tests in JSON files, and the limit on the texts of a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from batchhook.core.results import TestResult
from batchhook.core.sanitize import one_line
from batchhook.core.tracebacks import shorten_paths
from batchhook.report.json_models import UnittestFailure, unittest_failure

MAX_TEXT = 2_000_000
"""Characters of messages and tracebacks in one file; beyond that, tracebacks are left out and messages cut."""
LEFT_OUT = "[left out: the size limit of this file is used up]"
"""Replaces a traceback beyond the limit."""

_MESSAGE = 200
"""Characters of a message beyond the limit."""


def limit_text(results: Iterable[TestResult], limit: int = MAX_TEXT) -> tuple[TestResult, ...]:
    """Return results with project paths in their tracebacks, and with texts of about ``limit`` characters in all."""
    limited = []
    for result in results:
        traceback = shorten_paths(result.traceback)
        limit -= len(traceback) + len(result.message)
        if limit >= 0:
            limited.append(replace(result, traceback=traceback))
        else:
            message = one_line(result.message, _MESSAGE)
            limited.append(replace(result, message=message, traceback=LEFT_OUT if traceback else ""))
    return tuple(limited)


class FailureEntry(UnittestFailure):
    """A failing test, without its traceback.

    ``outcome`` is "failed", "errored", "unexpected success", "crashed" or "timed out"; ``exception`` is the class that
    was raised, empty if none was.
    """

    test_id: str
    outcome: str
    exception: str
    duration: float


class FullFailureEntry(FailureEntry):
    """A failing test with its traceback, or a note in its place if the limit of the file is used up."""

    traceback: str
    subtests_failed: int
    note: str


def failure_entry(result: TestResult) -> FailureEntry:
    """Return a failing test, without its traceback."""
    return FailureEntry(
        **dict(unittest_failure(result)),
        test_id=result.test_id,
        outcome=result.outcome.value,
        exception=result.error_type,
        duration=result.duration,
    )


def full_failure_entry(result: TestResult) -> FullFailureEntry:
    """Return a failing test with its traceback."""
    return FullFailureEntry(
        **dict(failure_entry(result)),
        traceback=result.traceback,
        subtests_failed=result.subtests_failed,
        note=result.note,
    )
