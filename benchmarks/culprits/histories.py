"""Histories to search in: harmless edits of real modules, with faults among them, and perhaps tests that flake."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.culprits.clone import Clone
from benchmarks.culprits.mutations import Kind, Mutation, mutations, own_modules
from benchmarks.culprits.outcomes import Outcomes, Trials
from benchmarks.engine.suites import Suite

MOST_FAULTS = 3
FLAKY = (0, 0, 1, 2)
"""How many tests flake, drawn evenly."""
MOST_FILES = 3
"""That a change edits."""
MOST_LINES = 10
"""That it adds to one of them."""
TRIES = 400
"""Mistakes that are tried for one history before it is given up."""

FLAKY_MODULE = "test_planted_flaky"
FLAKY_CLASS = f"{FLAKY_MODULE}.PlantedFlakyTests"
FLAKY_TESTS = '''\
"""Tests that fail three times in ten, whatever anybody changes."""

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
    """One change: new contents of files, and the fault that it plants, if any."""

    edits: Mapping[str, bytes]
    fault: Mutation | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A history, not yet committed anywhere.

    Attributes:
        seed: what it was drawn by.
        flaky: how many tests flake.
        base: files that are edited before it begins: batchhook's settings, the flaky tests.
        steps: its changes, oldest first.
    """

    seed: int
    flaky: int
    base: Mapping[str, bytes]
    steps: Sequence[Step]

    @property
    def faults(self) -> int:
        """How many changes plant one."""
        return sum(step.fault is not None for step in self.steps)

    def begin(self, clone: Clone) -> None:
        """Commit what was there before."""
        clone.write(self.base)
        clone.commit("Begin here")
        clone.git("tag", "begin")

    def write(self, clone: Clone, number: int) -> str:
        """Make the files of a change, from 1; what its commit says."""
        clone.write(self.steps[number - 1].edits)
        return f"Change {number}"


class Impossible(Exception):  # noqa: N818 - no error: these faults cannot be had here
    """There is no such history in this project."""


def make(suite: Suite, trials: Trials, size: int, seed: int, flaky: int | None = None) -> History:
    """Draw a history.

    Args:
        suite: of which project.
        trials: know what a mistake breaks.
        size: how many changes.
        seed: decides all else.
        flaky: how many tests flake; None: the seed decides.

    Raises:
        Impossible: there are too few mistakes that can be told apart.
    """
    chance = random.Random(f"{suite.name} {size} {seed}")
    top = trials.top
    faults = _faults(trials, top, 1 + seed % MOST_FAULTS, chance)
    places = sorted(chance.sample(range(size), len(faults)))
    planted = dict(zip(places, faults, strict=True))
    drawn = chance.choice(FLAKY)
    flaky = drawn if flaky is None else flaky
    editor = _Editor(top, own_modules(top), chance)
    steps = [Step(editor.edited(number + 1, planted.get(number)), planted.get(number)) for number in range(size)]
    return History(seed, flaky, _base(suite, top, size, flaky), steps)


def _base(suite: Suite, top: Path, size: int, flaky: int) -> dict[str, bytes]:
    settings = (top / ".batchhook.toml").read_bytes() + f"batch_size = {size}\n".encode()
    tests = FLAKY_TESTS + "".join(FLAKY_TEST.format(number=number) for number in range(1, flaky + 1))
    place = f"{suite.start_dir}/{FLAKY_MODULE}.py".removeprefix("./")
    return {".batchhook.toml": settings} | ({place: tests.encode()} if flaky else {})


def _faults(trials: Trials, top: Path, number: int, chance: random.Random) -> list[Mutation]:
    """Mistakes of random kinds in different functions; each breaks a test that those before it do not break."""
    by_kind: defaultdict[Kind, list[Mutation]] = defaultdict(list)
    for path in own_modules(top):
        for mutation in mutations((top / path).read_bytes(), path):
            by_kind[mutation.kind].append(mutation)
    chosen: list[Mutation] = []
    broken: frozenset[str] = frozenset()
    for _ in range(TRIES):
        one = chance.choice(by_kind[chance.choice(sorted(by_kind))])
        if any((one.path, one.function) == (other.path, other.function) for other in chosen):
            continue
        breaks = trials.broken_by(one)
        if breaks - broken:
            chosen.append(one)
            broken |= breaks
        if len(chosen) == number:
            return chosen
    raise Impossible(f"{TRIES} mistakes were tried, and {len(chosen)} of {number} could be planted")


@dataclass
class _Editor:
    """Edits files one change after the other.

    Attributes:
        top: has them as they were before.
        modules: those that may be edited.
        chance: decides which, and how much.
    """

    top: Path
    modules: Sequence[str]
    chance: random.Random
    _now: dict[str, bytes] = field(default_factory=dict)

    def edited(self, number: int, fault: Mutation | None) -> dict[str, bytes]:
        """New contents: comments at the end of a few modules, and the fault in one of them."""
        most = min(MOST_FILES, len(self.modules))
        paths = self.chance.sample(self.modules, self.chance.randint(1, most))
        if fault is not None and fault.path not in paths:
            paths[0] = fault.path
        return {path: self._edit(path, number, fault) for path in paths}

    def _edit(self, path: str, number: int, fault: Mutation | None) -> bytes:
        before = self._now.get(path) or (self.top / path).read_bytes()
        text = fault.applied(before) if fault is not None and fault.path == path else before
        text += b"" if text.endswith(b"\n") else b"\n"
        wanted, added = self.chance.randint(1, MOST_LINES), 0
        # Longer each time: unittest's compiled modules are told apart by size, where a second holds several states.
        while added < wanted or len(text) <= len(before):
            added += 1
            text += f"# Change {number}, line {added}.\n".encode()
        self._now[path] = text
        return text


@dataclass(frozen=True, slots=True)
class Truth:
    """What really broke the tests of a history.

    Attributes:
        broken_by: for each test that fails at the end the change, from 1, since which it does; 0: since before.
        unclear: tests that began to fail with a harmless change.
    """

    broken_by: Mapping[str, int]
    unclear: frozenset[str]

    @property
    def culprits(self) -> frozenset[int]:
        """The changes that broke a test for good."""
        return frozenset(self.broken_by.values()) - {0}


def is_flaky(test_id: str) -> bool:
    """Whether a test was planted to flake."""
    return FLAKY_MODULE in test_id


def truth(history: History, clone: Clone, outcomes: Outcomes, limit: float) -> Truth:
    """Run the whole suite at each commit of a history.

    Raises:
        Impossible: it does not end somewhere.
    """
    failing: list[frozenset[str]] = []
    commits = clone.git("rev-list", "--reverse", "begin^..HEAD").split()
    branch = clone.git("branch", "--show-current")
    for commit in commits:
        clone.checkout(commit)
        found = outcomes.of(clone, clone.git("rev-parse", "HEAD^{tree}"), limit)
        if found is None:
            raise Impossible("the suite does not end with all these mistakes together")
        failing.append(found.failing)
    clone.checkout(branch)
    since = {name: _since(name, failing) for name in failing[-1] if not is_flaky(name)}
    guilty = {0, *(number for number, step in enumerate(history.steps, start=1) if step.fault)}
    clear = {name: number for name, number in since.items() if number in guilty}
    return Truth(clear, frozenset(since.keys() - clear.keys()))


def _since(name: str, failing: Sequence[frozenset[str]]) -> int:
    """The first of the states in which a test has been failing ever since."""
    passed = (state for state in reversed(range(len(failing))) if name not in failing[state])
    return next(passed, -1) + 1
