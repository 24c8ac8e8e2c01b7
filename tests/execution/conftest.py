"""Suites written by a test, run by batchhook and by unittest itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from batchhook.core.events import (
    RerunBegan,
    RunEvent,
    TestBegan,
    TestEnded,
    TestRevised,
    TestsCounted,
    TimeEstimated,
)
from batchhook.core.results import SuiteResult, TestResult
from batchhook.engines.unittest.engine import UnittestEngine
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec

ORACLE = """
import json, os, sys, unittest
rows = {}
def note(test, word, text=""):
    owner = test.test_case if isinstance(test, unittest.case._SubTest) else test
    rows.setdefault((id(owner), owner.id()), []).append((word, text))
class Result(unittest.TextTestResult):
    def addSuccess(self, test): super().addSuccess(test); note(test, "passed")
    def addError(self, test, err): super().addError(test, err); note(test, "errored", self.errors[-1][1])
    def addFailure(self, test, err): super().addFailure(test, err); note(test, "failed", self.failures[-1][1])
    def addSkip(self, test, reason): super().addSkip(test, reason); note(test, "skipped", reason)
    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err); note(test, "expected failure", self.expectedFailures[-1][1])
    def addUnexpectedSuccess(self, test): super().addUnexpectedSuccess(test); note(test, "unexpected success")
    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            note(test, "failed" if failed else "errored", (self.failures if failed else self.errors)[-1][1])
class Runner(unittest.TextTestRunner):
    resultclass = Result
out = os.fdopen(os.dup(1), "w")
unittest.TestSuite._cleanup = False
sys.path[0] = os.getcwd()
unittest.main(module=None, argv=["python -m unittest", "discover"] + sys.argv[1:], testRunner=Runner,
              exit=False)
out.write("\\n@@" + json.dumps([[key[1], events] for key, events in rows.items()]))
"""

ORDER = ("failed", "errored", "unexpected success", "expected failure", "skipped", "passed")


class RecordingListener:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.total = -1
        self.started_ids: list[str] = []
        self.finished_results: list[TestResult] = []
        self.rerun_tests = 0
        self.revisions: list[TestResult] = []
        self.estimates: list[float] = []

    def __call__(self, event: RunEvent, /) -> None:
        match event:
            case TestsCounted(total):
                self.total = total
            case TestBegan(test_id):
                self.started_ids.append(test_id)
            case TestEnded(result):
                self.finished_results.append(result)
            case RerunBegan(tests):
                self.rerun_tests += tests
            case TestRevised(result):
                self.revisions.append(result)
            case TimeEstimated(seconds):
                self.estimates.append(seconds)
            case _:
                raise AssertionError(event)


@dataclass
class Project:
    """A checkout with a suite in it."""

    root: Path
    scratch: Path
    listener: RecordingListener = field(default_factory=RecordingListener)

    def write(self, **files: str) -> Project:
        """Write modules: ``pkg__mod="..."`` is ``pkg/mod.py``, ``pkg____init__`` is ``pkg/__init__.py``."""
        for name, text in files.items():
            package, marker, module = name.partition("__")
            path = self.root / f"{package}/{module}.py" if marker else self.root / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return self

    def run(self, **options: Any) -> SuiteResult:  # noqa: ANN401
        discovery = {name: options.pop(name) for name in ("start_dir", "top_level_dir") if name in options}
        spec: dict[str, Any] = {
            "engine": UnittestEngine(**discovery),
            "interpreter": Path(sys.executable),
            "root": self.root,
            "environment": dict(os.environ),
            "scratch": self.scratch,
            "test_timeout": 20.0,
        } | options
        self.listener = RecordingListener()
        outcome = run_suite(SuiteSpec(**spec), self.listener)
        assert not leftovers(), "processes were left behind"
        assert not list(self.scratch.iterdir())
        assert not list(self.root.rglob("*.pyc"))
        ended = [(result.test_id, result.outcome) for result in self.listener.finished_results]
        held = [(result.test_id, result.outcome) for result in outcome.results]
        assert outcome.broken_reason or self.listener.revisions or sorted(ended) == sorted(held)
        return outcome

    # Test modules cannot import this file at run time (pytest's importlib mode): the fixture carries its helpers.

    @staticmethod
    def rows(outcome: SuiteResult) -> list[tuple[str, str, str]]:
        return result_rows(outcome)

    @staticmethod
    def by_id(outcome: SuiteResult) -> dict[str, TestResult]:
        return by_id(outcome)

    @staticmethod
    def leftovers() -> list[str]:
        return leftovers()

    def unittest(self, *arguments: str, interpreter: str = sys.executable) -> list[tuple[str, str, str]]:
        """The result of unittest itself: id, outcome, and texts or reasons of each test, sorted."""
        script = self.scratch.parent / "oracle.py"
        script.write_text(ORACLE)
        path = os.pathsep.join(str(folder) for folder in (self.root / "src", self.root) if folder.is_dir())
        answer = subprocess.run(
            [interpreter, "-B", str(script), *arguments],
            cwd=self.root,
            env=dict(os.environ) | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "@@" in answer.stdout, answer.stderr
        rows = json.loads(answer.stdout.rpartition("@@")[2])
        return sorted((name, worst(events), text_of(events)) for name, events in rows)


def worst(events: list[list[str]]) -> str:
    return min((word for word, _ in events), key=ORDER.index)


def text_of(events: list[list[str]]) -> str:
    """One test's texts; batchhook shows as escapes what UTF-8 cannot hold."""
    return "\n".join(text for _, text in events if text).encode("utf-8", "backslashreplace").decode()


def result_rows(outcome: SuiteResult) -> list[tuple[str, str, str]]:
    """The same from batchhook's results."""
    assert not outcome.broken_reason, outcome.broken_reason
    return sorted(
        (result.test_id, result.outcome.value, result.traceback or (result.message if not result.error_type else ""))
        for result in outcome.results
    )


def by_id(outcome: SuiteResult) -> dict[str, TestResult]:
    """Results by the last part of their ids."""
    assert not outcome.broken_reason, outcome.broken_reason
    return {result.test_id.rpartition(".")[2]: result for result in outcome.results}


def leftovers() -> list[str]:
    """Command lines of processes that carry a worker's marker, below this test."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            marked = b"_BATCHHOOK_WORKER=" in (folder / "environ").read_bytes()
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            ours = b"PYTEST_CURRENT_TEST=" in (folder / "environ").read_bytes()
        except OSError:
            continue
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0].encode()
        if marked and ours and words and test in (folder / "environ").read_bytes():
            found.append(words)
    return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    return Project(root, scratch)
