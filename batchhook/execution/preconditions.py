"""What has to hold before a suite can be run, and what is said where it does not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from batchhook.errors import SuiteError
from batchhook.execution.scheduling import Unit
from batchhook.execution.spec import SuiteSpec


def check_runnable(spec: SuiteSpec) -> None:
    """Refuse what cannot work.

    Raises:
        SuiteError: the checkout, the interpreter or the start folder is missing.
    """
    if not spec.root.is_dir():
        raise SuiteError(f"There is no checkout at {spec.root}.")
    if not spec.interpreter.exists():
        raise SuiteError(
            f"The Python that is to run the tests does not exist: {spec.interpreter}",
            "Set `python` in the configuration to the project's interpreter.",
        )
    if not has_start(spec):
        raise SuiteError(
            f"The start folder `{spec.start_dir}` does not exist in the checkout.",
            "Set `start_dir` in the configuration to the folder that holds the tests.",
        )


def has_start(spec: SuiteSpec) -> bool:
    """Whether the place where discovery starts is there, or is a package's name."""
    package = spec.start_dir.replace(".", "").isidentifier() and "." in spec.start_dir
    return package or (spec.root / spec.start_dir).is_dir()


def check_version(version: str, interpreter: Path) -> None:
    """Refuse a Python that is too old.

    Raises:
        SuiteError: it is.
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) < (3, 8):
        raise SuiteError(
            f"The Python that is to run the tests is too old: {interpreter} is {version}",
            "Set `python` in the configuration to a Python of version 3.8 or newer.",
        )


def check_found(spec: SuiteSpec, units: Iterable[Unit]) -> None:
    """Refuse a suite without tests.

    Raises:
        SuiteError: there are none.
    """
    if not list(units):
        raise SuiteError(
            f"No tests were found in `{spec.start_dir}` (files named `{spec.pattern}`).",
            "Set `start_dir` and `pattern` in the configuration; folders of tests need an `__init__.py`.",
        )
