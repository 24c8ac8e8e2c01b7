"""Suites that a batch can touch, by their setting ``paths``. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from batchhook.core.settings import SuiteSettings
from batchhook.core.test_ids import split_suite


def find_untouched(
    suites: Iterable[SuiteSettings], changed_files: Collection[str], last_failed: Iterable[str]
) -> tuple[str, ...]:
    """Return the names of the suites that need not run: no changed file is theirs, and they passed when they last ran.

    Args:
        suites: of the project; one without ``paths`` depends on every file.
        changed_files: relative to the top; none if they are not known.
        last_failed: ids of the tests that failed when they last ran.
    """
    failing = {split_suite(test_id)[0] for test_id in last_failed}
    return tuple(
        suite.name
        for suite in suites
        if changed_files and suite.paths and suite.name not in failing and not _is_touched(suite, changed_files)
    )


def _is_touched(suite: SuiteSettings, changed_files: Iterable[str]) -> bool:
    patterns = [*suite.paths, *([suite.folder] if suite.folder else [])]
    return any(_matches(path, pattern.strip("/")) for path in changed_files for pattern in patterns)


def _matches(path: str, pattern: str) -> bool:
    """Return whether a path is a pattern's file or below its folder; ``*`` also stands for slashes."""
    name = path if "/" in pattern else path.rpartition("/")[2]
    return f"{path}/".startswith(f"{pattern}/") or fnmatchcase(path, pattern) or fnmatchcase(name, pattern)
