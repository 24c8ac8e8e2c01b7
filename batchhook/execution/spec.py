"""What is to be run, and who is told how it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from batchhook.core.results import TestResult
from batchhook.core.settings import Order
from batchhook.core.test_stats import History
from batchhook.execution.cancel import Halt


@dataclass(frozen=True, slots=True)
class SuiteSpec:
    """One run of a suite, or of a part of it.

    Attributes:
        interpreter: the project's Python.
        root: the checkout whose files are tested; the working directory of every test at its start.
        environment: what the tests find in ``os.environ``, without git's variables; the import path is added to it.
        scratch: an existing, private folder of this run.
        start_dir: where discovery starts, relative to ``root``; as ``unittest discover -s``.
        pattern: which files hold tests; as ``unittest discover -p``.
        top_level_dir: the folder that modules are imported from; as ``unittest discover -t``; empty: unittest decides.
        test_timeout: seconds that one test, one fixture or the import of one module may take; 0 for any.
        only: the tests to run, each by its id or by that of its class or module; empty for all.
        jobs: processes that run tests side by side.
        order: ``ORIGINAL`` keeps unittest's order, in one process.
        fail_fast: whether to end at the first failure.
        history: what earlier runs tell.
        changed: files that were changed since the last run, relative to ``root``; their tests come first.
        elsewhere: whether ``only`` names tests that were found in another tree. They may not exist in this one, and
            come with the company that they are known to need (``visiting.py``).
        modules: names of the modules that discovery is to import; empty for all that fit the pattern.
        halt: ends the run when somebody calls: it is then a broken one.
    """

    interpreter: Path
    root: Path
    environment: Mapping[str, str]
    scratch: Path
    start_dir: str = "."
    pattern: str = "test*.py"
    top_level_dir: str = ""
    test_timeout: float = 300.0
    only: tuple[str, ...] = ()
    jobs: int = 1
    order: Order = Order.AUTO
    fail_fast: bool = False
    history: History = field(default_factory=History)
    changed: frozenset[str] = frozenset()
    elsewhere: bool = False
    modules: frozenset[str] = frozenset()
    halt: Halt | None = None

    @property
    def source_roots(self) -> tuple[Path, ...]:
        """The folders that the project's own modules are imported from, in the order of the import path."""
        src = self.root / "src"
        return (src, self.root) if src.is_dir() else (self.root,)


class Listener(Protocol):
    """Whoever wants to know how a run goes while it goes."""

    def discovered(self, total: int, /) -> None:
        """The suite is known; ``total`` tests will be run."""

    def started(self, test_id: str, /) -> None:
        """A test has begun."""

    def finished(self, result: TestResult, /) -> None:
        """A test, or a fixture that failed, has its result."""

    def doubting(self, tests: int, /) -> None:
        """So many tests that failed beside others are about to be run again, in the company that unittest gives."""

    def revised(self, result: TestResult, /) -> None:
        """A test that had failed beside others was run again and has another result now."""

    def remaining(self, seconds: float, /) -> None:
        """How long the rest will take, going by history; said now and then, and only where history knows."""


class Silent:
    """A listener for those who only want the outcome."""

    def discovered(self, total: int, /) -> None:
        """Say nothing."""

    def started(self, test_id: str, /) -> None:
        """Say nothing."""

    def finished(self, result: TestResult, /) -> None:
        """Say nothing."""

    def doubting(self, tests: int, /) -> None:
        """Say nothing."""

    def revised(self, result: TestResult, /) -> None:
        """Say nothing."""

    def remaining(self, seconds: float, /) -> None:
        """Say nothing."""
