"""What a suite's tests do in some state: found out by unittest itself, once, and kept in a file."""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import benchmarks.engine.oracle
from benchmarks.culprits.clone import Clone
from benchmarks.culprits.mutations import Mutation
from benchmarks.engine.measure import measure
from benchmarks.engine.suites import Cache, Suite

ORACLE = Path(benchmarks.engine.oracle.__file__)
FAILURES = frozenset({"failed", "errored", "unexpected success"})
MOST_BROKEN = 1 / 3
"""Of a suite's tests: a mistake that breaks more is none that somebody would commit."""
LIMIT = 300.0
"""Seconds that a suite may take as it is."""
PATIENCE = 10.0
"""Seconds that it may take more with a mistake in it, besides that it may be slower."""
SLOWER = 4.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of the whole suite showed.

    Attributes:
        failing: ids of the tests that failed.
        tests: how many there are.
    """

    failing: frozenset[str]
    tests: int


class _Kept(TypedDict):
    """An outcome in the file."""

    failing: list[str]
    tests: int


class Outcomes:
    """Runs of a suite, each state's once.

    Args:
        suite: whose tests are run.
        cache: has their Python, and a folder for the file.
    """

    def __init__(self, suite: Suite, cache: Cache) -> None:
        self._suite = suite
        self._cache = cache
        self._file = cache.folder / "planted" / f"{suite.name}.json"
        header = f"{suite!r} {platform.python_version()}"
        self._known: dict[str, _Kept | None] = {}
        if self._file.exists():
            known = json.loads(self._file.read_text())
            self._known = known["outcomes"] if known["of"] == header else {}
        self._header = header

    def of(self, clone: Clone, key: str, limit: float) -> Outcome | None:
        """What the tests do as a clone is now; nothing where the suite did not end.

        Args:
            clone: holds the state.
            key: names the state, for the next time.
            limit: seconds that the run may take.
        """
        if key not in self._known:
            self._known[key] = self._run(clone, limit)
            self._keep()
        found = self._known[key]
        return Outcome(frozenset(found["failing"]), found["tests"]) if found else None

    def _run(self, clone: Clone, limit: float) -> _Kept | None:
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "results.json"
            # Compiled modules are told apart by seconds and sizes, and states change faster than that.
            environment = {**clone.environment, "PYTHONDONTWRITEBYTECODE": "1"}
            command: list[str | Path] = [self._cache.python, ORACLE, file, *self._suite.discovery]
            done = measure(command, clone.folder, environment, limit)
            if not done.ended or not file.exists():
                return None
            rows = json.loads(file.read_text())
        return {"failing": sorted(_failing(rows)), "tests": len({name for name, _, _ in rows})}

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps({"of": self._header, "outcomes": self._known}))


def _failing(rows: Iterable[tuple[str, str, str]]) -> set[str]:
    return {name for name, outcome, _ in rows if outcome in FAILURES}


class Trials:
    """Tries what mistakes break, in a clone of its own.

    Args:
        suite: whose tests are run.
        cache: has its repository.
        outcomes: what is known already.

    Attributes:
        top: the folder that holds the files as they are.
        limit: seconds that a run may take; what takes longer hangs.
    """

    def __init__(self, suite: Suite, cache: Cache, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._clone = Clone.of(cache.repository(suite), cache.folder / "planted" / suite.name / "trial", cache)
        self.top = self._clone.folder
        first, second = (outcomes.of(self._clone, f"as it is, {time}", LIMIT) for time in ("once", "twice"))
        if first is None or second is None:
            raise RuntimeError(f"{suite.name} does not end as it is")
        self._usual = Outcome(first.failing | second.failing, first.tests)
        whole = self._clone.time(cache.python, "-m", "unittest", "discover", *suite.discovery, own=True)
        self.limit = PATIENCE + SLOWER * whole.seconds

    def broken_by(self, mutation: Mutation) -> frozenset[str]:
        """Ids of the tests that a mistake breaks; none where it is no good: nobody notices, or it breaks everything."""
        self._clone.checkout("main")
        file = self.top / mutation.path
        before = file.read_bytes()
        file.write_bytes(mutation.applied(before))
        found = self._outcomes.of(self._clone, str(mutation), self.limit)
        file.write_bytes(before)
        if found is None or found.tests != self._usual.tests:
            return frozenset()
        broken = found.failing - self._usual.failing
        return broken if len(broken) <= MOST_BROKEN * found.tests else frozenset()
