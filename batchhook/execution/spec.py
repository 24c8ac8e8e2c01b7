"""The specification of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from batchhook.core.settings import RunOrder
from batchhook.core.test_stats import TestStats
from batchhook.engines.command.engine import CommandEngine
from batchhook.engines.engine import HarnessEngine
from batchhook.engines.unittest.engine import UnittestEngine
from batchhook.errors import SuiteError
from batchhook.execution.cancel import CancelToken
from batchhook.execution.code_recording import CodeRecording

ConfiguredEngine = HarnessEngine | CommandEngine
"""A test framework whose harness runs single tests, or a command."""
NONE_SELECTED = "None of the selected tests exists."
"""The reason of a broken run for which no test was left."""


@dataclass(frozen=True, slots=True)
class SuitePart:
    """One of several suites of a project.

    Attributes:
        name: precedes the ids of its tests, as in ``api:tests/test_x.py::test_y``.
        folder: its root, relative to the checkout; empty for the checkout itself.
        interpreter: the Python that runs it.
        environment: variables of its tests, without git's; the import path is added to them.
        engine: what runs the tests, configured.
        test_timeout: seconds allowed for one test, one fixture or the import of one module; 0 for no limit.
    """

    name: str
    folder: str
    interpreter: Path
    environment: Mapping[str, str]
    engine: ConfiguredEngine
    test_timeout: float


@dataclass(frozen=True, slots=True)
class SuiteSpec:
    """One run of a suite, or of a part of it.

    Attributes:
        interpreter: the project's Python; of no meaning for a command.
        root: the checkout under test; the working directory of every test at its start.
        environment: variables of the tests, without git's; the import path is added to them.
        scratch: an existing, private folder of this run.
        engine: what runs the tests, configured.
        parts: the suites of a project that has several; they replace interpreter, environment, engine and
            ``test_timeout``.
        test_timeout: seconds allowed for one test, one fixture or the import of one module; 0 for no limit.
        limits: seconds allowed for single tests or fixtures, by id, in place of ``test_timeout``; 0 for no limit.
        only: the tests to run, each by its id or that of its class or module; empty for all.
        jobs: processes that run tests in parallel.
        order: ``ORIGINAL`` keeps the framework's own order, in one process.
        fail_fast: whether to stop at the first failure.
        stats: statistics of earlier runs.
        changed_files: files changed since the last run, relative to ``root``; their tests come first.
        priorities: 0 to 1, of tests that should run early, by id; several processes take them first.
        from_other_tree: whether ``only`` names tests of another tree. They may not exist in this one, and run together
            with the tests they are known to depend on (``locate_tests.py``).
        modules: the modules that discovery loads, as in ``TestItem.module``; empty for all.
        cancel: breaks off the run, which is then a broken one.
        cache: a private folder that stays from run to run, for commands; None if there is none.
        recording: collects the code that each test runs; None for not. A command's tests cannot be recorded.
        coverage: the folder for what coverage measures; None for not. A command's tests are not measured.
        run_limit: seconds that the command of a suite may take, if it allows more; 0 for no such limit.
    """

    interpreter: Path
    root: Path
    environment: Mapping[str, str]
    scratch: Path
    engine: ConfiguredEngine = field(default_factory=UnittestEngine)
    parts: tuple[SuitePart, ...] = ()
    test_timeout: float = 300.0
    limits: Mapping[str, float] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    jobs: int = 1
    order: RunOrder = RunOrder.AUTO
    fail_fast: bool = False
    stats: TestStats = field(default_factory=TestStats)
    changed_files: frozenset[str] = frozenset()
    priorities: Mapping[str, float] = field(default_factory=dict)
    from_other_tree: bool = False
    modules: frozenset[str] = frozenset()
    cancel: CancelToken | None = None
    cache: Path | None = None
    run_limit: float = 0.0
    recording: CodeRecording | None = None
    coverage: Path | None = None

    @property
    def harness_engine(self) -> HarnessEngine:
        """Return the test framework of a suite that no command runs.

        Raises:
            TypeError: a command runs it.
        """
        if isinstance(self.engine, CommandEngine):
            raise TypeError(f"a command has no harness: {self.engine.command}")
        return self.engine

    def limit_of(self, test_id: str) -> float:
        """Return the seconds allowed for a test or fixture; 0 for no limit."""
        return self.limits.get(test_id, self.test_timeout)

    @property
    def source_roots(self) -> tuple[Path, ...]:
        """Return the folders that the project's own modules are imported from, in the order of the import path."""
        src = self.root / "src"
        return (src, self.root) if src.is_dir() else (self.root,)


def check_runnable(spec: SuiteSpec) -> None:
    """Check that the checkout, the interpreter and the folder of tests exist.

    Raises:
        SuiteError: one of them is missing.
    """
    if not spec.root.is_dir():
        raise SuiteError(
            f"The folder {spec.root.name} does not exist in what is tested.",
            "Set `folder` of the suite to one that is committed.",
        )
    if not spec.interpreter.exists():
        raise SuiteError(
            f"The test interpreter does not exist: {spec.interpreter}",
            "Set `python` in the configuration to the project's interpreter.",
        )
    problem = spec.engine.find_problem(spec.root)
    if problem is not None:
        raise problem
