"""The suites of a repository that plainly has several: packages side by side, each with tests of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from batchhook.core.settings import SuiteSettings

_PARENTS = ("packages", "libs", "services", "apps", "components", "projects")
"""Folders that hold a repository's packages, by convention."""
_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_TEST_FOLDERS = ("tests", "test")
_ROOT_CONFIGURATION = ("conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")
_MAX_FOLDERS = 200


def detect_suites(top: Path) -> tuple[SuiteSettings, ...]:
    """Return a suite for each package, if there are several and the top has no tests itself; else nothing.

    A hook calls this: it looks at names only, and reads one file at most.

    Args:
        top: of the work tree.
    """
    folders = [folder for parent in _PARENTS for folder in _packages(top, parent)]
    if len(folders) < 2 or _has_own_tests(top):  # noqa: PLR2004 - one package is no reason to split anything
        return ()
    names = [folder.rpartition("/")[2] for folder in folders]
    return tuple(
        SuiteSettings(_as_name(name if names.count(name) == 1 else folder), folder)
        for name, folder in zip(names, folders, strict=True)
    )


def _packages(top: Path, parent: str) -> Iterator[str]:
    """Yield the packages in a folder, as paths relative to the top."""
    with suppress(OSError):
        for name in sorted(os.listdir(top / parent))[:_MAX_FOLDERS]:  # noqa: PTH208 - names are what is needed
            folder = top / parent / name
            if _has_any(folder, _PROJECT_FILES) and _has_any(folder, _TEST_FOLDERS):
                yield f"{parent}/{name}"


def _has_own_tests(top: Path) -> bool:
    if _has_any(top, (*_TEST_FOLDERS, *_ROOT_CONFIGURATION)):
        return True
    with suppress(OSError):
        return b"[tool.pytest" in (top / "pyproject.toml").read_bytes()
    return False


def _has_any(folder: Path, names: tuple[str, ...]) -> bool:
    return any((folder / name).exists() for name in names)


def _as_name(text: str) -> str:
    """Return a text as the name of a suite may be: letters, digits, ``_`` and ``-``."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "-" for letter in text)
