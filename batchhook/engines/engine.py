"""The seam between batchhook and what runs tests: what an engine knows of its own framework or command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from batchhook.engines.worker_group import WorkerGroup
from batchhook.errors import NoTestsError, SuiteError


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """Place of a worker among those of its run.

    Attributes:
        scratch: a private folder of its own; it may not exist.
        group: all workers of the run.
        name: of one that runs in parallel with others, in the notation of pytest-xdist (``gw0``); empty for one that
            runs alone.
        modules: the only modules to load, as in ``TestItem.module``; empty for all.
    """

    scratch: Path
    group: WorkerGroup
    name: str = ""
    modules: frozenset[str] = frozenset()


class Engine(Protocol):
    """Something that runs tests, configured for one suite: a framework with a harness, or a command."""

    @property
    def name(self) -> str:
        """The name of the engine's package, and in the configuration."""

    @property
    def is_restricted(self) -> bool:
        """Return whether it runs only the tests that expressions select."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the environment variables that decide which tests there are, and their outcomes."""

    @property
    def options(self) -> Mapping[str, object]:
        """Options that decide outcomes besides the tree and the interpreter, for the fingerprint of a suite."""

    def restrict(self, keyword: str, markers: str) -> Engine:
        """Return the engine for the tests that expressions select: by their names, and by their marks; empty for all.

        Raises:
            UsageError: the framework knows no such expressions.
        """

    def find_problem(self, root: Path) -> SuiteError | None:
        """Return what keeps the suite from running in a checkout; None if nothing does."""

    def explain_empty(self) -> NoTestsError:
        """Return the error for a suite without tests."""


class HarnessEngine(Engine, Protocol):
    """A test framework of Python's, whose tests run one by one.

    Its harness runs inside the project's Python: the package ``batchhook/engines/<name>/harness``, whose worker reports
    what it finds and runs (``execution/protocol.py``).
    """

    @property
    def collects_files_alone(self) -> bool:
        """Return whether tests behave the same if the files of others are not even imported in their process."""

    @property
    def makes_copies(self) -> bool:
        """Return whether its harness collects once, and can then make copies of its process that run tests."""

    def restrict(self, keyword: str, markers: str) -> HarnessEngine:
        """Return the engine for the tests that expressions select.

        Raises:
            UsageError: the framework knows no such expressions.
        """

    def worker_arguments(self, place: WorkerPlace) -> list[str]:
        """Return the arguments of the harness's worker."""

    def explain_failed_discovery(self, error: str, output: str) -> SuiteError:
        """Return the error for a suite that the framework cannot load.

        Args:
            error: what the harness reports, such as ``ValueError: message``.
            output: the last lines that the framework printed.
        """
