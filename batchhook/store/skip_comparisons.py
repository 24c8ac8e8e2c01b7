"""The suites whose skipped tests were compared with the user's work tree, so that it is not suggested again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from batchhook.core.results import Run
from batchhook.core.settings import EngineName, Isolation
from batchhook.store import runs
from batchhook.store.database import Database

_NAME = "skips_compared"
_MAX_SUITES = 50
"""Suites that are remembered, the latest ones."""


def add(database: Database, suite: Mapping[str, object]) -> None:
    """Remember that the skips of a suite (its fingerprint) were compared."""
    digest = _digest(suite)
    with database.transaction():
        others = [each for each in database.metadata(_NAME).split() if each != digest]
        database.set_metadata(_NAME, "\n".join([*others, digest][-_MAX_SUITES:]))


def count_uncompared(database: Database, run: Run) -> int:
    """Return the number of skips of a run that can be compared with the user's work tree, and never were; 0 for none.

    Args:
        database: of the repository.
        run: of any commit; the skips of a suite are compared once, whatever the tree.
    """
    skipped = run.result.totals.skipped
    is_private = run.suite.get("isolation") == Isolation.WORKTREE.value
    if not (skipped and is_private and run.result.is_complete and _has_framework(run.suite)):
        return 0
    return 0 if _digest(run.suite) in database.metadata(_NAME).split() else skipped


def _has_framework(suite: Mapping[str, object]) -> bool:
    """Return whether some tests are run by a framework: not every command can run single tests."""
    suites = suite.get("suites")
    parts = suites.values() if isinstance(suites, Mapping) else ()
    engines = {suite.get("engine"), *(part.get("engine") for part in parts if isinstance(part, Mapping))}
    return not engines.isdisjoint({EngineName.UNITTEST.value, EngineName.PYTEST.value})


def _digest(suite: Mapping[str, object]) -> str:
    return hashlib.sha256(runs.encode_fingerprint(suite).encode()).hexdigest()
