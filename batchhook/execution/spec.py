"""The specification of a run, and the listener that follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from batchhook.core.results import TestResult
from batchhook.core.settings import RunOrder
from batchhook.core.test_stats import TestStats
from batchhook.errors import SuiteError
from batchhook.execution.cancel import CancelToken


@dataclass(frozen=True, slots=True)
class SuiteSpec:
    """One run of a suite, or of a part of it.

    Attributes:
        interpreter: the project's Python.
        root: the checkout under test; the working directory of every test at its start.
        environment: variables of the tests, without git's; the import path is added to them.
        scratch: an existing, private folder of this run.
        start_dir: where discovery starts, relative to ``root``; as ``unittest discover -s``.
        pattern: names of test files; as ``unittest discover -p``.
        top_level_dir: the folder that modules are imported from; as ``unittest discover -t``; empty: unittest decides.
        test_timeout: seconds allowed for one test, one fixture or the import of one module; 0 for no limit.
        limits: seconds allowed for single tests or fixtures, by id, where less than ``test_timeout``.
        only: the tests to run, each by its id or that of its class or module; empty for all.
        jobs: processes that run tests in parallel.
        order: ``ORIGINAL`` keeps unittest's order, in one process.
        fail_fast: whether to stop at the first failure.
        stats: statistics of earlier runs.
        changed_files: files changed since the last run, relative to ``root``; their tests come first.
        from_other_tree: whether ``only`` names tests of another tree. They may not exist in this one, and run together
            with the tests they are known to depend on (``locate_tests.py``).
        modules: names of the modules that discovery imports; empty for all that match the pattern.
        cancel: breaks off the run, which is then a broken one.
    """

    interpreter: Path
    root: Path
    environment: Mapping[str, str]
    scratch: Path
    start_dir: str = "."
    pattern: str = "test*.py"
    top_level_dir: str = ""
    test_timeout: float = 300.0
    limits: Mapping[str, float] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    jobs: int = 1
    order: RunOrder = RunOrder.AUTO
    fail_fast: bool = False
    stats: TestStats = field(default_factory=TestStats)
    changed_files: frozenset[str] = frozenset()
    from_other_tree: bool = False
    modules: frozenset[str] = frozenset()
    cancel: CancelToken | None = None

    def limit_of(self, test_id: str) -> float:
        """Return the seconds allowed for a test or fixture; 0 for no limit."""
        return self.limits.get(test_id, self.test_timeout)

    @property
    def source_roots(self) -> tuple[Path, ...]:
        """Return the folders that the project's own modules are imported from, in the order of the import path."""
        src = self.root / "src"
        return (src, self.root) if src.is_dir() else (self.root,)

    @property
    def has_start_dir(self) -> bool:
        """Return whether the start folder exists, or is the dotted name of a package."""
        is_package = self.start_dir.replace(".", "").isidentifier() and "." in self.start_dir
        return is_package or (self.root / self.start_dir).is_dir()


def check_runnable(spec: SuiteSpec) -> None:
    """Check that the checkout, the interpreter and the start folder exist.

    Raises:
        SuiteError: one of them is missing.
    """
    if not spec.root.is_dir():
        raise SuiteError(f"There is no checkout at {spec.root}.")
    if not spec.interpreter.exists():
        raise SuiteError(
            f"The test interpreter does not exist: {spec.interpreter}",
            "Set `python` in the configuration to the project's interpreter.",
        )
    if not spec.has_start_dir:
        raise SuiteError(
            f"The start folder `{spec.start_dir}` does not exist in the checkout.",
            "Set `start_dir` in the configuration to the folder that holds the tests.",
        )


def check_not_empty(spec: SuiteSpec, items: Sequence[object]) -> None:
    """Check that discovery found tests.

    Raises:
        SuiteError: there are none.
    """
    if not items:
        raise SuiteError(
            f"No tests were found in `{spec.start_dir}` (files named `{spec.pattern}`).",
            "Set `start_dir` and `pattern` in the configuration; folders of tests need an `__init__.py`.",
        )


class Listener(Protocol):
    """Callbacks for the progress of a run."""

    def discovered(self, total: int, /) -> None:
        """Handle the end of discovery; ``total`` tests will run."""

    def started(self, test_id: str, /) -> None:
        """Handle the start of a test."""

    def finished(self, result: TestResult, /) -> None:
        """Handle the result of a test, or of a fixture that failed."""

    def rerunning(self, tests: int, /) -> None:
        """Handle the start of a rerun of ``tests`` tests that failed in parallel."""

    def revised(self, result: TestResult, /) -> None:
        """Handle the different result of a test after its rerun."""

    def remaining(self, seconds: float, /) -> None:
        """Handle an estimate of the time left; there are some only if earlier runs left statistics."""


class NullListener:
    """A listener that ignores everything."""

    def discovered(self, total: int, /) -> None:
        """Ignore it."""

    def started(self, test_id: str, /) -> None:
        """Ignore it."""

    def finished(self, result: TestResult, /) -> None:
        """Ignore it."""

    def rerunning(self, tests: int, /) -> None:
        """Ignore it."""

    def revised(self, result: TestResult, /) -> None:
        """Ignore it."""

    def remaining(self, seconds: float, /) -> None:
        """Ignore it."""
