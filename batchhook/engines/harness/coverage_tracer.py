"""Measure this process with the coverage.py of the project's Python, as the project has configured it.

It starts before the project's code is imported. Each process writes files of its own, which ``coverage_report.py``
combines; a copy of a process goes on with what the original has measured. Nothing that goes wrong here changes what
tests do: the process then goes on unmeasured, and the report says why.
"""

# pathlib is not among the modules that unittest imports.
# ruff: noqa: PTH100, PTH118, PTH120, PTH123

from __future__ import annotations

import importlib.util
import os
import time
import warnings

from .locations import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

DATA_FILE = "coverage"
"""Beginning of the names of all data files of a run."""
PAUSE = 20.0
"""Time between two saves, as a multiple of what the last one took: they cost less than a twentieth of the run."""

_BRANCH_SECTIONS = ("[run]", "[coverage:run]", "[tool.coverage.run]")
_HARNESS = os.path.dirname(os.path.abspath(__file__))
_getpid, _clock = os.getpid, time.perf_counter


class Tracer:
    """The measurement of this process, if there is one."""

    def __init__(self) -> None:
        self._coverage: Any = None
        self._owner = 0
        self._next = 0.0

    def start(self, folder: str) -> None:
        """Begin to measure.

        Args:
            folder: for the data files; empty to measure nothing.
        """
        if not folder or is_shadowed():
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                measurement = open_coverage(os.path.join(folder, DATA_FILE))
                measurement.start()
        except Exception:  # noqa: BLE001 - not installed, or configured wrongly: the report finds the same
            return
        self._coverage, self._owner = measurement, _getpid()

    def continue_in_copy(self) -> None:
        """Go on in a copy of the process."""
        self._owner = _getpid()

    def stop(self) -> None:
        """End the measurement, and forget what was not saved."""
        measurement, self._coverage = self._coverage, None
        if measurement is not None:
            self._attempt(measurement.stop)

    def save_sometimes(self) -> None:
        """Save what was measured so far, unless that was done a moment ago: the next test may kill this process."""
        if self._coverage is not None and _clock() >= self._next:
            self.save()

    def save(self) -> None:
        """Save what was measured so far. A process that a test has forked saves nothing."""
        if self._coverage is None or _getpid() != self._owner:
            return
        begin = _clock()
        self._attempt(self._save_and_close)
        self._next = _clock() + PAUSE * (_clock() - begin)

    def _save_and_close(self) -> None:
        """Save, and leave no file open: a test may close every file of the process, and open others by its number."""
        self._coverage.save()
        self._coverage.get_data().close()

    def finish(self) -> None:
        """Save everything, and end the measurement."""
        self.save()
        self.stop()

    @staticmethod
    def _attempt(step: Any) -> None:  # noqa: ANN401 - a method
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                step()
        except Exception:  # noqa: BLE001, S110 - a full disk, for instance
            pass


tracer = Tracer()
"""Of this process."""


def is_shadowed() -> bool:
    """Return whether the project has a module ``coverage`` of its own, in whose place ours must not be imported."""
    try:
        spec = importlib.util.find_spec("coverage")
    except (ImportError, ValueError):  # something else has replaced it, or forbids it
        return False
    origin = os.path.abspath(spec.origin) if spec is not None and spec.origin else ""
    return origin.startswith(ROOT + os.sep) and "-packages" + os.sep not in origin


def open_coverage(data_file: str) -> Any:  # noqa: ANN401 - of the project's Python
    """Return coverage's object, configured by the project.

    Branches are measured unless the configuration decides about that, or has other processes measured by itself: they
    know nothing but the configuration, and data with branches cannot be combined with data without.

    Args:
        data_file: its name; each process appends a suffix.

    Raises:
        ImportError: coverage is not installed.
        Exception: it is configured wrongly.
    """
    import coverage  # noqa: PLC0415 - only where it is asked for

    configured: Any = coverage.Coverage(data_file=data_file, data_suffix=True)
    files = getattr(configured.config, "config_files_read", ())
    starts_others = "multiprocessing" in (configured.get_option("run:concurrency") or ())
    starts_others = starts_others or "COVERAGE_PROCESS_START" in os.environ
    if starts_others:
        os.environ["COVERAGE_FILE"] = data_file  # where they save what they measure
    elif not any(map(mentions_branch, files)):
        configured = coverage.Coverage(data_file=data_file, data_suffix=True, branch=True)
    if not _HARNESS.startswith(ROOT + os.sep):
        omitted: Iterable[str] = configured.get_option("run:omit") or ()
        configured.set_option("run:omit", [*omitted, os.path.join(os.path.dirname(_HARNESS), "*")])
    return configured


def mentions_branch(path: str) -> bool:
    """Return whether a configuration file sets ``branch`` for coverage."""
    section = ""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                text = line.strip()
                if text.startswith("["):
                    section = text.partition("#")[0].replace(" ", "")
                    continue
                name = text.partition("=")[0].partition(":")[0].strip().strip("\"'")
                is_dotted = section == "[tool.coverage]" and name.startswith("run") and "branch" in text
                if is_dotted or (section in _BRANCH_SECTIONS and name == "branch"):
                    return True
    except OSError:
        return False
    return False
