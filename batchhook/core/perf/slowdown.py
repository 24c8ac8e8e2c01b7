"""Slowdown of a test or module, as measured and attributed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from batchhook.core.perf.significance import Conclusion, TimingComparison

SHORT_OID = 8
"""Digits of an abbreviated oid."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Interleaved timings of one revision and of the base of the batch, in seconds.

    Attributes:
        oid: commit of the revision.
        base: timings of the base.
        measured: timings of the revision.
    """

    oid: str
    base: tuple[float, ...]
    measured: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Slowdown:
    """A test, or a module as a whole, that seemed slower, and what measurements showed.

    Attributes:
        name: id of the test, or name of the module.
        comparison: base of the batch against its head; ``similar`` if the suspicion was wrong. If nothing was
            measured, it holds the durations of the runs.
        is_module: whether it is a module: the sum of its tests, without those that are slower themselves.
        suspects: oids of changes that may be to blame, oldest first: the culprit, or a range.
        evidence: measured revisions, oldest first and the head last; empty if nothing was measured.
        reason: why it is inconclusive or no single change is named, as a phrase.
    """

    name: str
    comparison: TimingComparison
    is_module: bool = False
    suspects: tuple[str, ...] = ()
    evidence: tuple[Timings, ...] = ()
    reason: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Return whether measurements confirm the slowdown."""
        return self.comparison.conclusion is Conclusion.SLOWER

    @property
    def is_inconclusive(self) -> bool:
        """Return whether measurements neither confirm nor refute the slowdown."""
        return self.comparison.conclusion is Conclusion.INCONCLUSIVE

    @property
    def culprit(self) -> str:
        """Oid of the change to blame; empty if no single one is known."""
        return self.suspects[0] if self.is_confirmed and len(self.suspects) == 1 else ""


def summarize_slowdowns(slowdowns: Iterable[Slowdown]) -> str:
    """Return the confirmed slowdowns as a one-line phrase; empty if there are none."""
    by_culprit: dict[str, list[Slowdown]] = {}
    for slowdown in slowdowns:
        if slowdown.is_confirmed:
            by_culprit.setdefault(slowdown.culprit, []).append(slowdown)
    parts = []
    for culprit, group in sorted(by_culprit.items(), key=lambda item: (not item[0], -len(item[1]))):
        worst = max(slowdown.comparison.ratio for slowdown in group)
        times = f"{worst:.1f} times" if len(group) == 1 else f"up to {worst:.1f} times"
        effect = f"made {count_phrase(group)} slower" if culprit else f"{count_phrase(group)} slower"
        parts.append(f"{culprit[:SHORT_OID]} {effect} ({times})".lstrip())
    return ", ".join(parts)


def count_phrase(slowdowns: Iterable[Slowdown]) -> str:
    """Return the numbers of tests and modules: ``2 tests and 1 module``."""
    is_module = [slowdown.is_module for slowdown in slowdowns]
    counts = ((len(is_module) - sum(is_module), "test"), (sum(is_module), "module"))
    return " and ".join(f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in counts if number)
