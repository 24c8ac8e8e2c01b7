"""A plug-in for ``python -m pytest`` that writes each test's outcome, duration and the functions that it runs.

Nothing is imported from batchhook: the tests run in the project's own Python.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

FILE = Path(os.environ["PREDICTION_RECORDER_FILE"])
"""For the results."""
WITH_FUNCTIONS = os.environ.get("PREDICTION_RECORDER_FUNCTIONS") == "1"
TOP = f"{Path.cwd()}{os.sep}"

tests: dict[str, dict[str, Any]] = {}
called: set[Any] = set()
"""Code objects that the running test has called."""


def follow(frame: FrameType, event: str, _: object) -> None:
    """Note the function that begins."""
    if event == "call":
        called.add(frame.f_code)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: Any) -> Iterator[None]:  # noqa: ANN401
    """Observe one test, its setup and its teardown."""
    tests[item.nodeid] = {"failed": False, "ran": False, "seconds": 0.0}
    called.clear()
    if WITH_FUNCTIONS:
        sys.setprofile(follow)
    yield
    if WITH_FUNCTIONS:
        sys.setprofile(None)
        own = (code for code in called if code.co_filename.startswith(TOP))
        names = {f"{code.co_filename[len(TOP) :]}:{getattr(code, 'co_qualname', code.co_name)}" for code in own}
        tests[item.nodeid]["functions"] = sorted(name.replace(".<locals>", "") for name in names)


def pytest_runtest_logreport(report: Any) -> None:  # noqa: ANN401
    """Take a report of the running test."""
    test = tests[report.nodeid]
    test["seconds"] += report.duration
    test["failed"] |= report.outcome == "failed"
    test["ran"] |= report.when == "call" and report.outcome == "passed"


def pytest_unconfigure() -> None:
    """Write the results."""
    FILE.write_text(json.dumps(tests))
