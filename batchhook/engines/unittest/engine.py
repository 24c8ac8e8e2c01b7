"""unittest, as batchhook sees it from outside of the project's Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from batchhook.engines.engine import WorkerPlace
from batchhook.errors import NoTestsError, SuiteError, UsageError


@dataclass(frozen=True, slots=True)
class UnittestEngine:
    """A suite that ``python -m unittest discover`` runs.

    Attributes:
        start_dir: where discovery starts, relative to the checkout; as ``-s``.
        pattern: names of test files; as ``-p``.
        top_level_dir: the folder that modules are imported from; as ``-t``; empty: unittest decides.
        keyword: a part of the names of tests, or a pattern with ``*``; as ``-k``; empty for all.
    """

    start_dir: str = "."
    pattern: str = "test*.py"
    top_level_dir: str = ""
    keyword: str = ""

    name = "unittest"
    makes_copies = False
    collects_files_alone = False  # a project may rely on what the modules before have imported

    @property
    def is_restricted(self) -> bool:
        """Return whether it collects only the tests that expressions select."""
        return bool(self.keyword)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the environment variables that decide which tests there are, and their outcomes."""
        return ()

    @property
    def options(self) -> Mapping[str, object]:
        """Options that decide outcomes besides the tree and the interpreter."""
        return {"start_dir": self.start_dir, "pattern": self.pattern, "top_level_dir": self.top_level_dir}

    def restrict(self, keyword: str, markers: str) -> UnittestEngine:
        """Return the engine for the tests that an expression selects.

        Raises:
            UsageError: marks are asked for, which unittest does not have.
        """
        if markers:
            raise UsageError("unittest's tests have no marks", "select them by name: -k NAME")
        return replace(self, keyword=keyword)

    def worker_arguments(self, place: WorkerPlace) -> list[str]:
        """Return the arguments of the harness's worker."""
        return [self.start_dir, self.pattern, self.top_level_dir, self.keyword, " ".join(sorted(place.modules))]

    def find_problem(self, root: Path) -> SuiteError | None:
        """Return what keeps the suite from being collected in a checkout; None if nothing does."""
        is_package = self.start_dir.replace(".", "").isidentifier() and "." in self.start_dir
        if is_package or (root / self.start_dir).is_dir():
            return None
        return SuiteError(
            f"The start folder `{self.start_dir}` does not exist in the checkout.",
            "Set `start_dir` in the configuration to the folder that holds the tests.",
        )

    def explain_empty(self) -> NoTestsError:
        """Return the error for a suite without tests."""
        if self.is_restricted:
            return NoTestsError(f"No test matches -k {self.keyword}.")
        return NoTestsError(
            f"No tests were found in `{self.start_dir}` (files named `{self.pattern}`).",
            "Set `start_dir` and `pattern` in the configuration; folders of tests need an `__init__.py`.",
        )

    def explain_failed_discovery(self, error: str, output: str) -> SuiteError:  # noqa: ARG002 - unittest prints nothing
        """Return the error for a suite that unittest cannot load."""
        return SuiteError(
            f"unittest cannot load the suite: {error}",
            "Run `python -m unittest discover` in the checkout to see the same error.",
        )
