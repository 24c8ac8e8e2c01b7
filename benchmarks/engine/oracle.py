"""The truth about a suite: the outcome of each test under its own framework, without batchhook."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.results import Outcome
from batchhook.engines.harness.text import bounded_id
from benchmarks.engine.measure import Measured, measure
from benchmarks.engine.suites import PYTEST, Suite

HERE = Path(__file__).parent
PLUGIN = "pytest_oracle"

HAVE_REASON = frozenset({Outcome.SKIPPED, Outcome.EXPECTED_FAILURE, Outcome.XPASSED})
"""Outcomes with a reason that the test's author gave; unittest knows one for skips only."""


@dataclass(frozen=True, slots=True)
class Row:
    """One test: its id, its outcome, and the reason of a skip or of an expected failure."""

    test_id: str
    outcome: Outcome
    reason: str = ""

    @classmethod
    def create(cls, suite: Suite, test_id: str, outcome: str, reason: str) -> Row:
        """Create the row of a test that any runner has run; drop the messages of failures."""
        has_reason = outcome in (HAVE_REASON if suite.engine is PYTEST else {Outcome.SKIPPED})
        return cls(test_id, Outcome(outcome), reason if has_reason else "")


def run_framework(
    suite: Suite, python: Path, folder: Path, environment: Mapping[str, str], limit: float
) -> tuple[list[Row], Measured]:
    """Run a suite with its own framework.

    Args:
        suite: whose tests are run.
        python: the interpreter.
        folder: that holds the suite.
        environment: of a developer of the project.
        limit: time limit in seconds.

    Returns:
        Each test's row, in the framework's order; none if it does not end, or writes no results.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "results.json"
        if suite.engine is PYTEST:
            shutil.copy(HERE / f"{PLUGIN}.py", scratch)  # alone in its folder, so that nothing else can be imported
            path = os.pathsep.join(filter(None, (environment.get("PYTHONPATH"), scratch)))
            environment = {**environment, "PYTHONPATH": path, "PYTEST_ORACLE_FILE": str(file)}
            command = suite.command(python, "-p", PLUGIN)
        else:
            command = [str(python), str(HERE / "unittest_oracle.py"), str(file), *suite.discovery]
        done = measure(command, folder, environment, limit)
        rows = json.loads(file.read_text()) if done.has_ended and file.exists() else []
    # Ids are shortened as by batchhook.
    return [Row.create(suite, bounded_id(name), *rest) for name, *rest in rows], done
