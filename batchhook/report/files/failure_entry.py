"""What several of the files have in common: failing tests, and texts that are not let grow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from batchhook.core.results import Outcome, TestResult
from batchhook.core.sanitize import one_line
from batchhook.core.tracebacks import shortened
from batchhook.core.unittest_ids import split
from batchhook.report.json_models import Document

TEXTS = 2_000_000
"""Characters of messages and tracebacks that one file may hold; those of further failures are left out, or cut."""
LEFT_OUT = "[left out: the tracebacks before this one are as many as fit into this file]"
"""Stands in the place of a traceback that did not fit."""

_MESSAGE = 200
"""Characters of a message that are kept where its traceback is left out."""
_FAIL = frozenset({Outcome.FAILED, Outcome.UNEXPECTED_SUCCESS})


def bounded(results: Iterable[TestResult], room: int = TEXTS) -> tuple[TestResult, ...]:
    """Results with the project's paths in their tracebacks, and with as many texts as fit into so many characters."""
    found = []
    for result in results:
        text = shortened(result.traceback)
        room -= len(text) + len(result.message)
        if room >= 0:
            found.append(replace(result, traceback=text))
        else:
            message = one_line(result.message, _MESSAGE)
            found.append(replace(result, message=message, traceback=LEFT_OUT if text else ""))
    return tuple(found)


class FailureEntry(Document):
    """A failing test, without its traceback.

    ``test_class`` is what unittest calls its class (``test_orchestration.TestOrchestrator``), ``error_type`` is "FAIL"
    or "ERROR" as unittest prints them, ``exception`` the class that was raised, empty for none. ``outcome`` is
    batchhook's own word: "failed", "errored", "unexpected success", "crashed", "timed out". ``file_location`` is
    ``path:line``.
    """

    test_name: str
    test_class: str
    error_type: str
    message: str
    file_location: str
    module: str
    test_id: str
    outcome: str
    exception: str
    duration: float


class FullFailureEntry(FailureEntry):
    """The same with its traceback, or with a sentence in its place where the file's room for them was used up."""

    traceback: str
    subtests_failed: int
    note: str


def failure_entry(result: TestResult) -> FailureEntry:
    """A failing test, without its traceback."""
    return FailureEntry.model_validate(_shared(result))


def full_failure_entry(result: TestResult) -> FullFailureEntry:
    """A failing test with its traceback."""
    more = {"traceback": result.traceback, "subtests_failed": result.subtests_failed, "note": result.note}
    return FullFailureEntry.model_validate({**_shared(result), **more})


def _shared(result: TestResult) -> dict[str, object]:
    of_class, name = split(result.test_id, result.module)
    return {
        "test_name": name,
        "test_class": of_class,
        "error_type": "FAIL" if result.outcome in _FAIL else "ERROR",
        "message": result.message,
        "file_location": result.location,
        "module": result.module,
        "test_id": result.test_id,
        "outcome": result.outcome.value,
        "exception": result.error_type,
        "duration": result.duration,
    }
