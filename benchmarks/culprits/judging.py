"""Compare batchhook's attributions with the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from batchhook.core.culprits.attribution import Attribution, AttributionKind
from benchmarks.culprits.histories import Truth, is_flaky
from benchmarks.culprits.ours import Ours

BLAMED = "a flaky test is blamed on a change"
MISSED = "a broken test is called flaky"
OTHER = "another change is blamed"
OLD = "a broken test is called pre-existing"
NEW = "a change is blamed for a test that failed before"
OVERLOOKED = "a broken test did not fail in the batch's run"
RIGHT, UNDECIDED = "right", "undecided"


@dataclass
class Tally:
    """Accuracy of batchhook, in one history or several.

    Attributes:
        tests: failing tests that are not flaky.
        right, undecided: those attributed rightly, or not at all.
        flaky: planted flaky tests that failed.
        flaky_right, flaky_undecided: those called flaky, or not attributed.
        unclear: tests without a clear truth, which are not judged.
        blamed, blamed_rightly: changes blamed for a test; those that broke one.
        culprits, found: changes that broke a test; those blamed for one.
        mistakes: number of mistakes of each kind, with flaky and other tests.
        names: each mistake and its test.
    """

    tests: int = 0
    right: int = 0
    undecided: int = 0
    flaky: int = 0
    flaky_right: int = 0
    flaky_undecided: int = 0
    unclear: int = 0
    blamed: int = 0
    blamed_rightly: int = 0
    culprits: int = 0
    found: int = 0
    mistakes: Counter[str] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """Number of mistakes."""
        return self.mistakes.total()

    def add(self, other: Tally) -> None:
        """Add another tally."""
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
        self.mistakes += other.mistakes
        self.names += other.names


def judge(ours: Ours, truth: Truth) -> Tally:
    """Judge all attributions of one history."""
    tally = Tally()
    for test_id, attribution in ours.attributions.items():
        if is_flaky(test_id):
            tally.flaky += 1
            verdict = _judge_flaky(attribution)
            tally.flaky_right += verdict == RIGHT
            tally.flaky_undecided += verdict == UNDECIDED
        elif test_id in truth.broken_by:
            tally.tests += 1
            verdict = _judge_broken(attribution, ours.numbers.get(attribution.culprit, 0), truth.broken_by[test_id])
            tally.right += verdict == RIGHT
            tally.undecided += verdict == UNDECIDED
        else:
            tally.unclear += 1
            continue
        if verdict not in {RIGHT, UNDECIDED}:
            _add_mistake(tally, verdict, test_id)
    for test_id in truth.broken_by.keys() - ours.attributions.keys():
        tally.tests += 1
        _add_mistake(tally, OVERLOOKED, test_id)
    blamed = {ours.numbers.get(each.culprit, 0) for each in ours.attributions.values() if each.culprit}
    tally.blamed, tally.blamed_rightly = len(blamed), len(blamed & truth.culprits)
    tally.culprits, tally.found = len(truth.culprits), len(blamed & truth.culprits)
    return tally


def _add_mistake(tally: Tally, mistake: str, test_id: str) -> None:
    tally.mistakes[mistake] += 1
    tally.names.append(f"{mistake}: {test_id}")


def _judge_flaky(attribution: Attribution) -> str:
    """Judge the attribution of a planted flaky test."""
    return {AttributionKind.FLAKY: RIGHT, AttributionKind.AMBIGUOUS: UNDECIDED, AttributionKind.PRE_EXISTING: OLD}.get(
        attribution.kind, BLAMED
    )


def _judge_broken(attribution: Attribution, blamed: int, broke: int) -> str:
    """Judge the attribution of a test that a change broke; 0 if it failed before."""
    if attribution.kind is AttributionKind.AMBIGUOUS:
        return UNDECIDED
    if attribution.kind is AttributionKind.FLAKY:
        return MISSED
    if attribution.kind is AttributionKind.PRE_EXISTING:
        return OLD if broke else RIGHT
    if not broke:
        return NEW
    return RIGHT if blamed == broke else OTHER
