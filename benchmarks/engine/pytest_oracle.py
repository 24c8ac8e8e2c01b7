"""A plug-in for ``python -m pytest`` that writes each test's outcome to a file as JSON.

A test with several reports (of its setup, call, subtests and teardown) has the worst outcome of them, as in batchhook.
Written for all versions of pytest and Python that the suites are run with; nothing is imported from batchhook.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDER = ("failed", "errored", "xpassed", "expected failure", "skipped", "passed")
FILE = Path(os.environ["PYTEST_ORACLE_FILE"])
"""For the results."""

rows: list[tuple[str, str, str]] = []
events: list[tuple[str, str]] = []
"""Outcomes and reasons of the running test."""


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: Any) -> Iterator[None]:  # noqa: ANN401
    """Store the worst of a test's outcomes."""
    events.clear()
    yield
    outcomes = [outcome for outcome, _ in events] or ["passed"]
    reasons = dict.fromkeys(reason for _, reason in events if reason)
    rows.append((str(item.nodeid), min(outcomes, key=ORDER.index), "; ".join(reasons)))


def pytest_runtest_logreport(report: Any) -> None:  # noqa: ANN401
    """Take a report of the running test."""
    is_subtest = hasattr(report, "context")
    if report.outcome == "rerun":  # pytest-rerunfailures
        events.clear()
    elif report.outcome == "failed":
        events.append(("failed" if report.when == "call" else "errored", ""))
    elif is_subtest:
        return
    elif hasattr(report, "wasxfail"):
        events.append(("expected failure" if report.outcome == "skipped" else "xpassed", str(report.wasxfail)))
    elif report.outcome == "skipped":
        events.append(("skipped", skip_reason(report)))


def pytest_collectreport(report: Any) -> None:  # noqa: ANN401
    """Take a file or folder that cannot be collected, or that skips all of its tests."""
    name = str(report.nodeid)
    if "::" not in name and os.path.isdir(name or "."):  # noqa: PTH112
        name = (name or ".") + "/"
    if report.outcome == "failed":
        rows.append((name, "errored", ""))
    elif report.outcome == "skipped":
        rows.append((name, "skipped", skip_reason(report)))


def skip_reason(report: Any) -> str:  # noqa: ANN401
    """Return the reason, as the author of the test wrote it."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def pytest_unconfigure() -> None:
    """Write the results."""
    FILE.write_text(json.dumps(rows))
