"""pytest, as batchhook sees it from outside of the project's Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from batchhook.engines.engine import WorkerPlace
from batchhook.errors import NoTestsError, SuiteError

_NOISE = ("ERROR: usage:", "usage:", "inifile:", "rootdir:")
"""Beginnings of lines that pytest prints beside the reason of an error of usage."""
_SHOWN_LINES = 6
"""Lines of pytest's own output that an error shows."""


@dataclass(frozen=True, slots=True)
class PytestEngine:
    """A suite that ``python -m pytest`` runs, with the project's own configuration and plug-ins.

    Attributes:
        start_dir: the folder to collect, relative to the checkout; ``.`` leaves it to pytest (``testpaths``).
        keyword: an expression as ``pytest -k``; empty for none.
        markers: an expression as ``pytest -m``; empty for the project's own.
    """

    start_dir: str = "."
    keyword: str = ""
    markers: str = ""

    name = "pytest"
    makes_copies = True
    collects_files_alone = True  # `pytest FILE` is in daily use

    @property
    def is_restricted(self) -> bool:
        """Return whether it collects only the tests that expressions select."""
        return bool(self.keyword or self.markers)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the environment variables that decide which tests there are, and their outcomes."""
        return ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")

    @property
    def options(self) -> Mapping[str, object]:
        """Options that decide outcomes besides the tree and the interpreter."""
        return {"start_dir": self.start_dir}

    def restrict(self, keyword: str, markers: str) -> PytestEngine:
        """Return the engine for the tests that expressions select."""
        return replace(self, keyword=keyword, markers=markers)

    def worker_arguments(self, place: WorkerPlace) -> list[str]:
        """Return the arguments of the harness's worker."""
        folders = [] if self.start_dir == "." else [self.start_dir]
        expressions = [f"{flag}{text}" for flag, text in (("-k=", self.keyword), ("-m=", self.markers)) if text]
        arguments, group = [*folders, *expressions], place.group
        worker = [place.name, group.run, str(group.size), str(group.folder)]
        return [str(place.scratch), *worker, str(len(arguments)), *arguments, *sorted(place.modules)]

    def find_problem(self, root: Path) -> SuiteError | None:
        """Return what keeps the suite from being collected in a checkout; None if nothing does."""
        if (root / self.start_dir).exists():
            return None
        return SuiteError(
            f"The start folder `{self.start_dir}` does not exist in the checkout.",
            "Set `start_dir` in the configuration to the folder that holds the tests.",
        )

    def explain_empty(self) -> NoTestsError:
        """Return the error for a suite without tests."""
        if self.is_restricted:
            options = [f"{flag} {text}" for flag, text in (("-k", self.keyword), ("-m", self.markers)) if text]
            return NoTestsError(f"No test matches {' '.join(options)}.")
        where = "" if self.start_dir == "." else f" in `{self.start_dir}`"
        return NoTestsError(
            f"pytest collects no tests{where}.",
            "Run `python -m pytest --collect-only` in the checkout to see why.",
        )

    def explain_failed_discovery(self, error: str, output: str) -> SuiteError:
        """Return the error for a suite that pytest cannot load; pytest prints the reason."""
        lines = [line.strip() for line in output.splitlines()]
        reasons = [line.partition("error: ")[2] or line for line in lines if line and not line.startswith(_NOISE)]
        return SuiteError(
            "pytest cannot load the suite: " + ("\n".join(reasons[-_SHOWN_LINES:]) or error),
            "Run `python -m pytest --collect-only` in the checkout to see the same error.",
        )
