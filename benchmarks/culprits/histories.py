"""Histories to search in: harmless edits, or a project's own, some with planted faults; and perhaps flaky tests."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.culprits.clone import Clone
from benchmarks.culprits.mutations import Kind, Mutation, find_mutations, own_modules
from benchmarks.culprits.outcomes import LIMIT, Outcomes, Trials
from benchmarks.culprits.replay import Replay
from benchmarks.engine.suites import PYTEST, Suite

MOST_FAULTS = 3
FLAKY = (0, 0, 1, 2)
"""Numbers of flaky tests, one of which is drawn."""
MOST_FILES = 3
"""Files edited by one change, at most."""
MOST_LINES = 10
"""Lines added to one file by one change, at most."""
TRIES = 400
"""Mistakes to try for one history before giving up."""

FLAKY_MODULE = "test_planted_flaky"
FLAKY_CLASS = "PlantedFlakyTests"
FLAKY_TESTS = '''\
"""Tests that fail three times in ten, independently of any change."""

import os
import unittest


class PlantedFlakyTests(unittest.TestCase):
    """Each draws a number."""
'''
FLAKY_TEST = """
    def test_{number}(self):
        self.assertGreaterEqual(os.urandom(1)[0], 77)
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One change: new contents of files, None for a deleted one; and the planted fault, if any."""

    edits: Mapping[str, bytes | None]
    fault: Mutation | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A history, to be committed in a clone.

    Attributes:
        seed: seed that it was drawn with.
        flaky: number of flaky tests.
        base: files to write before it begins: batchhook's settings, the flaky tests.
        steps: its changes, oldest first.
    """

    seed: int
    flaky: int
    base: Mapping[str, bytes | None]
    steps: Sequence[Step]

    @property
    def faults(self) -> int:
        """Number of planted faults."""
        return sum(step.fault is not None for step in self.steps)

    def begin(self, clone: Clone) -> None:
        """Commit the base."""
        clone.write(self.base)
        clone.commit("Begin here")
        clone.git("tag", "begin")

    def write(self, clone: Clone, number: int) -> str:
        """Write the files of a change, counted from 1; return its commit message."""
        clone.write(self.steps[number - 1].edits)
        return f"Change {number}"


class ImpossibleHistoryError(Exception):
    """The project allows no such history."""


def create_history(suite: Suite, trials: Trials, size: int, seed: int, flaky: int | None = None) -> History:
    """Draw a history of made-up changes.

    Args:
        suite: the project's.
        trials: knows which tests a mistake breaks.
        size: number of changes.
        seed: seed for all random choices.
        flaky: number of flaky tests; None to draw it.

    Raises:
        ImpossibleHistoryError: too few mistakes break tests of their own.
    """
    chance = random.Random(f"{suite.name} {size} {seed}")
    top = trials.top
    faults = _faults(trials, top, 1 + seed % MOST_FAULTS, chance)
    positions = sorted(chance.sample(range(size), len(faults)))
    planted = dict(zip(positions, faults, strict=True))
    flaky = _draw_flaky(flaky, chance)
    editor = _Editor(top, own_modules(top), chance)
    steps = [Step(editor.edit(number + 1, planted.get(number)), planted.get(number)) for number in range(size)]
    return History(seed, flaky, _base(suite, top, size, flaky), steps)


def replay_history(replay: Replay, suite: Suite, trials: Trials, seed: int, flaky: int | None = None) -> History:
    """Draw mistakes, and places for them among a project's own changes.

    Args:
        replay: the changes.
        suite: the project's.
        trials: knows which tests a mistake breaks in the latest state.
        seed: seed for all random choices.
        flaky: number of flaky tests; None to draw it.

    Raises:
        ImpossibleHistoryError: too few mistakes break tests of their own, or there are too few places for them.
    """
    chance = random.Random(f"{suite.name} {replay.size} {seed}")
    planted: dict[int, Mutation] = {}
    for fault in _faults(trials, trials.top, 1 + seed % MOST_FAULTS, chance):
        places = [place for place in range(replay.first_place(fault), replay.size + 1) if place not in planted]
        if not places:
            raise ImpossibleHistoryError(f"there is no place for {fault}")
        planted[chance.choice(places)] = fault
    flaky = _draw_flaky(flaky, chance)
    base = replay.first_edits() | _base(suite, trials.top, replay.size, flaky)
    numbers = range(1, replay.size + 1)
    return History(seed, flaky, base, [Step(replay.edits(each, planted), planted.get(each)) for each in numbers])


def _draw_flaky(flaky: int | None, chance: random.Random) -> int:
    drawn = chance.choice(FLAKY)
    return drawn if flaky is None else flaky


def _base(suite: Suite, top: Path, size: int, flaky: int) -> dict[str, bytes | None]:
    settings = (top / ".batchhook.toml").read_bytes() + f"batch_size = {size}\n".encode()
    tests = FLAKY_TESTS + "".join(FLAKY_TEST.format(number=number) for number in range(1, flaky + 1))
    has_folder = suite.engine is PYTEST and (top / "tests").is_dir()
    path = f"{'tests' if has_folder else suite.start_dir}/{FLAKY_MODULE}.py".removeprefix("./")
    base: dict[str, bytes | None] = {".batchhook.toml": settings}
    return base | ({path: tests.encode()} if flaky else {})


def _faults(trials: Trials, top: Path, number: int, chance: random.Random) -> list[Mutation]:
    """Draw mistakes of random kinds in different functions; each breaks a test that none before it breaks."""
    by_kind: defaultdict[Kind, list[Mutation]] = defaultdict(list)
    for path in own_modules(top):
        for mutation in find_mutations((top / path).read_bytes(), path):
            by_kind[mutation.kind].append(mutation)
    chosen: list[Mutation] = []
    broken: frozenset[str] = frozenset()
    for _ in range(TRIES):
        candidate = chance.choice(by_kind[chance.choice(sorted(by_kind))])
        if any((candidate.path, candidate.function) == (other.path, other.function) for other in chosen):
            continue
        breaks = trials.broken_by(candidate)
        if breaks - broken:
            chosen.append(candidate)
            broken |= breaks
        if len(chosen) == number:
            return chosen
    raise ImpossibleHistoryError(f"only {len(chosen)} of {number} faults could be planted, after {TRIES} tries")


@dataclass
class _Editor:
    """Edits files, one change after the other.

    Attributes:
        top: folder with the original files.
        modules: paths that may be edited.
        chance: random generator.
    """

    top: Path
    modules: Sequence[str]
    chance: random.Random
    _contents: dict[str, bytes] = field(default_factory=dict)

    def edit(self, number: int, fault: Mutation | None) -> dict[str, bytes]:
        """Return new contents: comments at the end of a few modules, and the fault in one of them."""
        most = min(MOST_FILES, len(self.modules))
        paths = self.chance.sample(self.modules, self.chance.randint(1, most))
        if fault is not None and fault.path not in paths:
            paths[0] = fault.path
        return {path: self._edit(path, number, fault) for path in paths}

    def _edit(self, path: str, number: int, fault: Mutation | None) -> bytes:
        before = self._contents.get(path) or (self.top / path).read_bytes()
        text = fault.apply(before) if fault is not None and fault.path == path else before
        text += b"" if text.endswith(b"\n") else b"\n"
        lines, added = self.chance.randint(1, MOST_LINES), 0
        # Longer each time: compiled modules are told apart by size if several revisions fall into one second.
        while added < lines or len(text) <= len(before):
            added += 1
            text += f"# Change {number}, line {added}.\n".encode()
        self._contents[path] = text
        return text


@dataclass(frozen=True, slots=True)
class Truth:
    """The changes that really broke the tests of a history.

    Attributes:
        broken_by: for each test that fails at the end, the change since which it does, from 1; 0 if it failed before.
        unclear: tests that began to fail with a harmless change.
    """

    broken_by: Mapping[str, int]
    unclear: frozenset[str]

    @property
    def culprits(self) -> frozenset[int]:
        """Changes since which a test fails."""
        return frozenset(self.broken_by.values()) - {0}


def is_flaky(test_id: str) -> bool:
    """Return whether a test is one of the planted flaky tests."""
    return FLAKY_MODULE in test_id


def find_truth(history: History, clone: Clone, outcomes: Outcomes) -> Truth:
    """Run the whole suite at each commit of a history.

    Raises:
        ImpossibleHistoryError: a run does not end.
    """
    failing: list[frozenset[str]] = []
    commits = clone.git("rev-list", "--reverse", "begin^..HEAD").split()
    branch = clone.git("branch", "--show-current")
    for commit in commits:
        clone.checkout(commit)
        outcome = outcomes.load(clone, clone.git("rev-parse", "HEAD^{tree}"), LIMIT)
        if outcome is None:
            raise ImpossibleHistoryError("the suite does not end with this combination of faults")
        failing.append(outcome.failing)
    clone.checkout(branch)
    since = {name: _failing_since(name, failing) for name in failing[-1] if not is_flaky(name)}
    guilty = {0, *(number for number, step in enumerate(history.steps, start=1) if step.fault)}
    clear = {name: number for name, number in since.items() if number in guilty}
    return Truth(clear, frozenset(since.keys() - clear.keys()))


def _failing_since(name: str, failing: Sequence[frozenset[str]]) -> int:
    """Return the position since which a test has been failing."""
    passed = (position for position in reversed(range(len(failing))) if name not in failing[position])
    return next(passed, -1) + 1
