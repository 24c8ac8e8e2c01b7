"""Comparing what batchhook says of a history with what really happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from batchhook.core.culprits.attribution import Attribution, AttributionKind
from benchmarks.culprits.histories import Truth, is_flaky
from benchmarks.culprits.ours import Ours

BLAMED = "a flaky test is blamed on a change"
ACQUITTED = "a broken test is called flaky"
OTHER = "another change is blamed"
OLD = "a test is said to have failed before"
NEW = "a change is blamed for a test that failed before"
OVERLOOKED = "a broken test was not seen to fail"
RIGHT, UNDECIDED = "right", "undecided"


@dataclass
class Tally:
    """How right batchhook was, in one history or in many.

    Attributes:
        tests: judged ones, without the flaky.
        right, undecided: how many of them.
        flaky: tests that were planted to flake, and failed.
        flaky_right, flaky_undecided: how many of them were called flaky; of how many was nothing said.
        mistakes: how often each was made, with tests of either sort.
        unclear: tests of which the truth is not known; nobody is judged by them.
        blamed, rightly: changes that were blamed for anything; those that broke a test.
        culprits, found: changes that broke a test; those that were blamed for one.
    """

    tests: int = 0
    right: int = 0
    undecided: int = 0
    flaky: int = 0
    flaky_right: int = 0
    flaky_undecided: int = 0
    unclear: int = 0
    blamed: int = 0
    rightly: int = 0
    culprits: int = 0
    found: int = 0
    mistakes: Counter[str] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """Mistakes of all kinds."""
        return self.mistakes.total()

    def add(self, other: Tally) -> None:
        """Take another one in."""
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
        self.mistakes += other.mistakes
        self.names += other.names


def judge(ours: Ours, truth: Truth) -> Tally:
    """Judge all that batchhook says of one history."""
    tally = Tally()
    for test_id, said in ours.found.items():
        if is_flaky(test_id):
            tally.flaky += 1
            verdict = _of_flaky(said)
            tally.flaky_right += verdict == RIGHT
            tally.flaky_undecided += verdict == UNDECIDED
        elif test_id in truth.broken_by:
            tally.tests += 1
            verdict = _of_broken(said, ours.numbers.get(said.culprit, 0), truth.broken_by[test_id])
            tally.right += verdict == RIGHT
            tally.undecided += verdict == UNDECIDED
        else:
            tally.unclear += 1
            continue
        if verdict not in {RIGHT, UNDECIDED}:
            _note(tally, verdict, test_id)
    for test_id in truth.broken_by.keys() - ours.found.keys():
        tally.tests += 1
        _note(tally, OVERLOOKED, test_id)
    blamed = {ours.numbers.get(said.culprit, 0) for said in ours.found.values() if said.culprit}
    tally.blamed, tally.rightly = len(blamed), len(blamed & truth.culprits)
    tally.culprits, tally.found = len(truth.culprits), len(blamed & truth.culprits)
    return tally


def _note(tally: Tally, mistake: str, test_id: str) -> None:
    tally.mistakes[mistake] += 1
    tally.names.append(f"{mistake}: {test_id}")


def _of_flaky(said: Attribution) -> str:
    """What is to be thought of what is said of a test that flakes."""
    return {AttributionKind.FLAKY: RIGHT, AttributionKind.AMBIGUOUS: UNDECIDED, AttributionKind.PRE_EXISTING: OLD}.get(said.kind, BLAMED)


def _of_broken(said: Attribution, blamed: int, broke: int) -> str:
    """What is to be thought of what is said of a test that a change broke, or that failed before (0)."""
    if said.kind is AttributionKind.AMBIGUOUS:
        return UNDECIDED
    if said.kind is AttributionKind.FLAKY:
        return ACQUITTED
    if said.kind is AttributionKind.PRE_EXISTING:
        return OLD if broke else RIGHT
    if not broke:
        return NEW
    return RIGHT if blamed == broke else OTHER
