"""Measurement of suspected slowdowns on both ends of a batch, and bisection for the change that caused each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from batchhook.core.perf.bisect import SlowdownBisection, bisect_threshold
from batchhook.core.perf.screening import SuspectedSlowdown
from batchhook.core.perf.significance import Conclusion
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.errors import BusyError, GitError, SuiteError
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.perf.ab_pairs import OUT_OF_TIME, PairedTimer, PairedTimings, unmeasured
from batchhook.workflow.perf.bench import Bench, BenchWorktree

LIKELY_ROUNDS = 3
"""Rounds that a suspect usually takes: most only seem slower, which shows soon."""
SETUP_SECONDS = 0.5
"""Assumed overhead of a run, besides its tests."""


@dataclass(slots=True)
class _Bisection:
    """A confirmed slowdown, and what is known of it on the revisions between the ends."""

    suspect: SuspectedSlowdown
    ends: PairedTimings
    search: SlowdownBisection
    timings: dict[int, Timings] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


class SlowdownFinder:
    """A search for the changes that made suspects slower.

    A *position* is the index of a revision.

    Args:
        bench: times the tests.
        revisions: oldest first: the base of all changes, then one for each.
        threshold: tolerated slowdown, as a share.
        on_settled: called with the number of suspects whose ends are compared.
    """

    def __init__(
        self,
        bench: Bench,
        revisions: Sequence[Revision],
        threshold: float,
        on_settled: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._bench = bench
        self._revisions = revisions
        self._threshold = threshold
        self._on_settled = on_settled

    def search(self, suspects: Sequence[SuspectedSlowdown]) -> tuple[Slowdown, ...]:
        """Measure the suspects, in order of suspicion as far as the budget reaches.

        Returns:
            a slowdown for each suspect, in the same order.

        Raises:
            GitError, SuiteError: the base or the last revision cannot be tested.
        """
        affordable = _affordable(suspects, self._bench.seconds_left)
        paired = {
            suspect.key: unmeasured(suspect, "measuring it would exceed slowdown_budget")
            for suspect in suspects
            if suspect not in affordable
        }
        with self._bench.worktree(self._revisions[0].oid) as base:
            if affordable:
                with self._bench.worktree(self._revisions[-1].oid) as head:
                    timer = PairedTimer(affordable, [self._threshold] * len(affordable), self._on_settled)
                    paired.update(timer.run(base, head))
            bisections = [
                _Bisection(suspect, paired[suspect.key], SlowdownBisection(0, len(self._revisions) - 1))
                for suspect in suspects
                if paired[suspect.key].comparison.conclusion is Conclusion.SLOWER
            ]
            self._bisect(base, bisections)
        by_key = {bisection.suspect.key: bisection for bisection in bisections}
        return tuple(self._slowdown(suspect, paired[suspect.key], by_key.get(suspect.key)) for suspect in suspects)

    def _bisect(self, base: BenchWorktree, bisections: Sequence[_Bisection]) -> None:
        """Compare revisions with the base until one change is left for each slowdown.

        The position that most bisections ask for comes first, and serves all that it informs.
        """
        while positions := Counter(
            bisection.search.next_position for bisection in bisections if bisection.search.next_position is not None
        ):
            position = min(positions, key=lambda position: (-positions[position], position))
            informed = [bisection for bisection in bisections if bisection.search.is_informative(position)]
            for bisection, timings in zip(informed, self._compare(base, position, informed), strict=True):
                self._observe(bisection, position, timings)
            if not self._bench.seconds_left:
                for bisection in bisections:
                    if bisection.search.next_position is not None:
                        bisection.reasons.append(OUT_OF_TIME)
                return

    def _compare(self, base: BenchWorktree, position: int, bisections: Sequence[_Bisection]) -> list[PairedTimings]:
        suspects = [bisection.suspect for bisection in bisections]
        thresholds = [bisect_threshold(bisection.ends.comparison.ratio, self._threshold) for bisection in bisections]
        try:
            with self._bench.worktree(self._revisions[position].oid) as worktree:
                paired = PairedTimer(suspects, thresholds).run(base, worktree)
        except BusyError:
            raise
        except (GitError, SuiteError) as error:
            return [unmeasured(suspect, error.message) for suspect in suspects]
        return [paired[suspect.key] for suspect in suspects]

    def _observe(self, bisection: _Bisection, position: int, timings: PairedTimings) -> None:
        # A test that is absent or fails there is not known to be as fast as before.
        conclusion = timings.comparison.conclusion if timings.before else Conclusion.INCONCLUSIVE
        bisection.search.observe(position, conclusion)
        oid = self._revisions[position].oid
        if timings.before:
            bisection.timings[position] = Timings(oid, timings.before, timings.now)
        if conclusion is Conclusion.INCONCLUSIVE:
            bisection.reasons.append(f"{oid[:8]}: {timings.reason or 'it fails or does not exist there'}")

    def _slowdown(self, suspect: SuspectedSlowdown, ends: PairedTimings, bisection: _Bisection | None) -> Slowdown:
        last = len(self._revisions) - 1
        timings = dict(bisection.timings) if bisection is not None else {}
        if ends.before:
            timings[last] = Timings(self._revisions[last].oid, ends.before, ends.now)
        candidates = bisection.search.candidates if bisection is not None else ()
        reasons = bisection.reasons if bisection is not None and len(candidates) > 1 else [ends.reason]
        return Slowdown(
            name=suspect.name,
            comparison=ends.comparison,
            is_module=suspect.is_module,
            suspects=tuple(self._revisions[position].oid for position in candidates),
            evidence=tuple(timings[position] for position in sorted(timings)),
            reason="; ".join(dict.fromkeys(filter(None, reasons))),
        )


def _affordable(suspects: Sequence[SuspectedSlowdown], budget: float) -> list[SuspectedSlowdown]:
    """Return the suspects that can likely be measured within a budget in seconds, taken greedily in order."""
    affordable: list[SuspectedSlowdown] = []
    spent = 2 * LIKELY_ROUNDS * SETUP_SECONDS
    for suspect in suspects:
        cost = LIKELY_ROUNDS * (suspect.usual + suspect.current)
        if spent + cost <= budget:
            spent += cost
            affordable.append(suspect)
    return affordable
