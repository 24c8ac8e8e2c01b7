"""Suites written by a test, run by batchhook and by pytest itself.

``BATCHHOOK_TEST_PYTEST_PYTHONS`` names the Pythons whose pytest runs them, joined by colons; default: the tests' own.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from batchhook.core.results import SuiteResult, TestResult
from batchhook.engines.harness.text import bounded_id
from batchhook.engines.pytest.engine import PytestEngine
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec
from batchhook.git.removal import remove_path

PYTHONS = os.environ.get("BATCHHOOK_TEST_PYTEST_PYTHONS", sys.executable).split(os.pathsep)
JOBS = (1, 2)

ORACLE = """
import json, os, pytest
events = []
def note(report, phase):
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    events.append({
        "id": str(report.nodeid),
        "phase": phase,
        "outcome": report.outcome,
        "subtest": hasattr(report, "context"),
        "xfail": getattr(report, "wasxfail", None),
        "reason": reason[len("Skipped: "):] if reason.startswith("Skipped: ") else reason,
    })
def pytest_runtest_logreport(report): note(report, report.when)
def pytest_collectreport(report):
    if report.outcome != "passed": note(report, "collect")
def pytest_unconfigure(config):
    with open(os.environ["ORACLE_FILE"], "w") as file: json.dump(events, file)
"""
_OPTIONS = ("-p", "oracle_plugin", "--continue-on-collection-errors")
_OF_PLUGINS = (".benchmarks", ".hypothesis")
_OURS = ("PYTEST_XDIST", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "COV_", "ORACLE_")
Row = tuple[str, str, str]
"""The id, outcome and reason of a test."""


@dataclass
class PytestProject:
    """A checkout with a suite of pytest's.

    Attributes:
        root: the checkout.
        scratch: a folder for runs.
        python: whose pytest runs the suite.
        variables: of the environment, for both runs.
        log: a file outside of the checkout that tests may write to; its path is in ``LOG``.
    """

    root: Path
    scratch: Path
    python: str
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.root.parent / "log"

    @property
    def version(self) -> tuple[int, ...]:
        return version_of_pytest(self.python)

    def write(self, files: Mapping[str, str]) -> PytestProject:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return self

    def run(self, jobs: int = 1, **options: Any) -> SuiteResult:  # noqa: ANN401
        """Run the suite by batchhook; check that it leaves nothing behind."""
        before = self.files()
        self.log.write_text("")
        spec: dict[str, Any] = {
            "engine": options.pop("engine", PytestEngine()),
            "interpreter": Path(self.python),
            "root": self.root,
            "environment": self._environment(),
            "scratch": self.scratch,
            "test_timeout": 20.0,
            "jobs": jobs,
        } | options
        outcome = run_suite(SuiteSpec(**spec))
        assert not leftovers(), "processes were left behind"
        assert not list(self.scratch.iterdir())
        assert self.files() == before
        return outcome

    def oracle(self, *arguments: str) -> list[Row]:
        """Return pytest's own answer: each test's id, outcome and reason, sorted."""
        folder = self.root.parent / "oracle"
        folder.mkdir(exist_ok=True)
        (folder / "oracle_plugin.py").write_text(ORACLE)
        path = [self.root / "src", self.root, folder] if (self.root / "src").is_dir() else [self.root, folder]
        variables = {
            "PYTHONPATH": os.pathsep.join(map(os.fspath, path)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ORACLE_FILE": os.fspath(folder / "events.json"),
        }
        before = self.files()
        self.log.write_text("")
        answer = subprocess.run(
            [self.python, "-m", "pytest", *_OPTIONS, "-o", f"cache_dir={folder}/cache", *arguments],
            cwd=self.root,
            env=self._environment() | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (folder / "events.json").exists(), answer.stdout.decode() + answer.stderr.decode()
        events = json.loads((folder / "events.json").read_text())
        (folder / "events.json").unlink()
        for name in self.files() - before:
            remove_path(self.root / name)
        return rows_of_events(events)

    def compare(self, *arguments: str, jobs: tuple[int, ...] = JOBS, **options: Any) -> list[Row]:  # noqa: ANN401
        """Compare batchhook's answer with pytest's own, and return it.

        Args:
            arguments: of pytest, for what batchhook leaves out of the project's options.
            jobs: numbers of workers.
            options: of batchhook's run.
        """
        expected = self.oracle(*arguments)
        for number in jobs:
            assert rows_of(self.run(number, **options)) == expected, f"with {number} workers"
        return expected

    def files(self) -> set[str]:
        """Files and folders of the checkout, without those that plug-ins of the project keep there."""
        paths = (path.relative_to(self.root) for path in self.root.rglob("*"))
        return {os.fspath(path) for path in paths if path.parts[0] not in _OF_PLUGINS}

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        return own | {"LOG": os.fspath(self.log)} | self.variables

    # Test modules cannot import this file at run time (pytest's importlib mode): the fixture carries its helpers.

    @staticmethod
    def rows(outcome: SuiteResult) -> list[Row]:
        return rows_of(outcome)

    @staticmethod
    def by_name(outcome: SuiteResult) -> dict[str, TestResult]:
        """Results by the part of their ids after the file, or by the file."""
        assert not outcome.broken_reason, outcome.broken_reason
        return {result.test_id.partition("::")[2] or result.test_id: result for result in outcome.results}


def rows_of(outcome: SuiteResult) -> list[Row]:
    """Each test's id, outcome and reason, sorted; a reason only where nothing failed."""
    assert not outcome.broken_reason, f"{outcome.broken_reason}\n{outcome.hint}"
    return sorted(
        (result.test_id, result.outcome.value, "" if result.outcome.is_failure else result.message)
        for result in outcome.results
    )


def rows_of_events(events: list[dict[str, Any]]) -> list[Row]:
    """The same from pytest's reports: those of one test follow each other, from its setup to its teardown."""
    tests: list[tuple[str, list[dict[str, Any]]]] = []
    for event in events:
        if event["phase"] in {"setup", "collect", "???"}:  # the last is pytest-forked's, for a crash
            if tests and any(report["outcome"] == "rerun" for report in tests[-1][1]):
                tests.pop()  # pytest-rerunfailures: it begins again
            tests.append((event["id"], []))
        tests[-1][1].append(event)
    return sorted((escaped(name), *outcome_of(reports)) for name, reports in tests)


def outcome_of(reports: list[dict[str, Any]]) -> tuple[str, str]:
    """Outcome and reason of one test."""
    if any(report["outcome"] == "failed" and report["phase"] == "call" for report in reports):
        return "failed", ""
    if any(report["outcome"] == "failed" for report in reports):
        return "errored", ""
    for report in reports:
        if report["subtest"]:
            continue
        if report["xfail"] is not None:
            return ("expected failure" if report["outcome"] == "skipped" else "xpassed"), report["xfail"]
        if report["outcome"] == "skipped":
            return "skipped", report["reason"]
    return "passed", ""


def escaped(text: str) -> str:
    """The id as batchhook shows it: escapes for what UTF-8 cannot hold, and at most 1024 characters."""
    return bounded_id(text).encode("utf-8", "backslashreplace").decode()


def leftovers() -> list[str]:
    """Command lines of processes that carry a worker's marker, below this test."""
    found = []
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0].encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes()
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if b"_BATCHHOOK_WORKER=" in variables and b"PYTEST_CURRENT_TEST=" + test in variables and words:
            found.append(words)
    return found


@functools.cache
def version_of_pytest(python: str) -> tuple[int, ...]:
    command = [python, "-c", "from importlib.metadata import version; print(version('pytest'))"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    return tuple(int(part) for part in answer.stdout.split(".")[:2])


@functools.cache
def has_module(python: str, name: str) -> bool:
    command = [python, "-c", f"import importlib.util as util; exit(util.find_spec({name!r}) is None)"]
    return subprocess.run(command, capture_output=True, check=False, cwd="/").returncode == 0


@pytest.fixture(scope="module", params=PYTHONS, ids=lambda path: Path(path).parents[1].name)
def python(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def project(tmp_path: Path, python: str) -> PytestProject:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    return PytestProject(root, scratch, python)


@pytest.fixture
def require(python: str, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """Skip a test where the project's Python lacks one of these modules; else have pytest load its plug-ins."""

    def check(*names: str) -> None:
        missing = [name for name in names if not has_module(python, name)]
        if missing:
            pytest.skip(f"{python} has no {', '.join(missing)}")
        monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)

    return check
