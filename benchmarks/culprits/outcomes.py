"""Outcomes of a suite at a revision: determined by its own framework, once, and cached in a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypedDict

from benchmarks.culprits.clone import Clone
from benchmarks.culprits.mutations import Mutation
from benchmarks.engine.cache import Cache
from benchmarks.engine.oracle import run_framework
from benchmarks.engine.suites import Suite

MOST_BROKEN = 1 / 3
"""Of a suite's tests: no developer commits a mistake that breaks more."""
LIMIT = 300.0
"""Time limit of a suite without mistakes, in seconds."""
GRACE, SLOWDOWN = 10.0, 4.0
"""Time limit of a suite with a mistake: seconds to add to so many times its usual duration."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a run of the whole suite.

    Attributes:
        failing: ids of failing tests.
        tests: number of tests.
    """

    failing: frozenset[str]
    tests: int


class _CachedOutcome(TypedDict):
    """Outcome as stored in the file."""

    failing: list[str]
    tests: int


class Outcomes:
    """Cached outcomes of a suite, by revision.

    Args:
        suite: whose tests are run.
        cache: the Python to run them with, and the folder for the file.
    """

    def __init__(self, suite: Suite, cache: Cache) -> None:
        self._suite = suite
        self._cache = cache
        self._file = cache.folder / "planted" / f"{suite.name}.json"
        header = f"{suite!r} {cache.python}"
        self._known: dict[str, _CachedOutcome | None] = {}
        if self._file.exists():
            known = json.loads(self._file.read_text())
            self._known = known["outcomes"] if known["of"] == header else {}
        self._header = header

    def load(self, clone: Clone, key: str, limit: float) -> Outcome | None:
        """Return the outcome in a clone as it is now; None if the suite does not end.

        Args:
            clone: holds the revision.
            key: name of the revision in the cache.
            limit: time limit in seconds.
        """
        if key not in self._known:
            self._known[key] = self._run(clone, limit)
            self._save()
        cached = self._known[key]
        return Outcome(frozenset(cached["failing"]), cached["tests"]) if cached else None

    def _run(self, clone: Clone, limit: float) -> _CachedOutcome | None:
        # Compiled modules are told apart by second and size, and revisions change faster than that.
        environment = {**clone.environment, "PYTHONDONTWRITEBYTECODE": "1"}
        rows, _ = run_framework(self._suite, self._cache.python, clone.folder, environment, limit)
        failing = sorted({row.test_id for row in rows if row.outcome.is_failure})
        return {"failing": failing, "tests": len({row.test_id for row in rows})} if rows else None

    def _save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps({"of": self._header, "outcomes": self._known}))


class Trials:
    """Determines which tests a mistake breaks, in a clone of its own.

    Args:
        suite: whose tests are run.
        cache: has its repository.
        outcomes: cached outcomes.

    Attributes:
        top: folder with the original files.
        limit: time limit of a run, in seconds.
    """

    def __init__(self, suite: Suite, cache: Cache, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._clone = Clone.create(cache.repository(suite), cache.folder / "planted" / suite.name / "trial", cache)
        self.top = self._clone.folder
        first, second = (outcomes.load(self._clone, f"original, run {number}", LIMIT) for number in (1, 2))
        if first is None or second is None:
            raise RuntimeError(f"{suite.name} does not end without mistakes")
        self._usual = Outcome(first.failing | second.failing, first.tests)
        whole = self._clone.time(*suite.command(cache.python), own=True)
        self.limit = GRACE + SLOWDOWN * whole.seconds

    def broken_by(self, mutation: Mutation) -> frozenset[str]:
        """Return the ids of the tests that a mistake breaks; none if it breaks nothing, or too much."""
        self._clone.checkout("main")
        file = self.top / mutation.path
        before = file.read_bytes()
        file.write_bytes(mutation.apply(before))
        outcome = self._outcomes.load(self._clone, str(mutation), self.limit)
        file.write_bytes(before)
        if outcome is None or outcome.tests != self._usual.tests:
            return frozenset()
        broken = outcome.failing - self._usual.failing
        return broken if len(broken) <= MOST_BROKEN * outcome.tests else frozenset()
