"""Projects whose tests are run by a command: a script of the project's own, in POSIX sh."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from batchhook.core.results import Outcome, SuiteResult
from batchhook.core.settings import ReportFormat
from batchhook.core.test_stats import TestStats
from batchhook.engines.command.engine import CommandEngine
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec


@dataclass
class CommandProject:
    """A folder with a script ``run``.

    Attributes:
        root: the folder.
        scratch: private folders of the runs are in here.
    """

    root: Path
    scratch: Path
    runs: int = field(default=0)

    def write(self, name: str, text: str) -> None:
        """Write a file; one that begins with ``#!`` becomes executable."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if text.startswith("#!"):
            path.chmod(0o755)

    def script(self, body: str) -> None:
        """Write the command."""
        self.write("run", f"#!/bin/sh\n{body}\n")

    def run(self, report_format: ReportFormat = ReportFormat.TAP, *only: str, **options: Any) -> SuiteResult:  # noqa: ANN401 - as the spec and the engine have them
        """Run the command, or what ``only`` names of it."""
        self.runs += 1
        scratch = self.scratch / str(self.runs)
        scratch.mkdir()
        of_engine = {name: options.pop(name) for name in list(options) if name in CommandEngine.__dataclass_fields__}
        engine = CommandEngine(**{"command": "./run", "format": report_format, **of_engine})
        spec = SuiteSpec(
            interpreter=Path(),
            root=self.root,
            environment={"PATH": os.environ["PATH"], **engine.env},
            scratch=scratch,
            engine=engine,
            only=only,
        )
        return run_suite(replace(spec, **options))


@pytest.fixture
def project(tmp_path: Path) -> CommandProject:
    """Return an empty project."""
    (tmp_path / "project").mkdir()
    (tmp_path / "scratch").mkdir()
    return CommandProject(tmp_path / "project", tmp_path / "scratch")


def outcomes(result: SuiteResult) -> dict[str, Outcome]:
    """Return the outcome of each test."""
    assert not result.broken_reason, result
    return {each.test_id: each.outcome for each in result.results}


def known(*test_ids: str) -> TestStats:
    """Return statistics of earlier runs of some tests."""
    return TestStats(durations=dict.fromkeys(test_ids, 0.1))
