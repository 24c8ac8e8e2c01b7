"""Measurement of suspected slowdowns on both ends of a batch, and bisection for the change that caused each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from batchhook.core.perf.bisect import SlowdownBisection, bisect_threshold
from batchhook.core.perf.screening import SuspectedSlowdown
from batchhook.core.perf.significance import Conclusion
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.errors import BusyError, GitError, SuiteError
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.perf.ab_pairs import OUT_OF_TIME, PairedTimer, PairedTimings, unmeasured
from batchhook.workflow.perf.bench import Bench, BenchWorktree

FIRST_SUSPECTS = 5
"""Suspects that are measured first on a machine that seems to be slow."""
MACHINE_SLOW = "the machine was slow: most tests took longer, and the worst are no slower when measured"
NOT_REPEATED = "it was slower in one measurement, and not in another"
CONTRADICTORY = "the measurements contradict each other: nothing that it runs changed where it became slower"
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
    is_confirmed: bool = False
    timings: dict[int, Timings] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions under which suspects were found.

    Attributes:
        inert: positions whose change cannot make a test slower.
        untouched: returns the positions whose change touches no code that a suspect runs.
        is_machine_slow: whether most tests took longer than usual, so that the first suspects decide about the others.
    """

    inert: frozenset[int] = frozenset()
    untouched: Callable[[SuspectedSlowdown], frozenset[int]] = lambda _: frozenset()
    is_machine_slow: bool = False


USUAL = Conditions()


class SlowdownFinder:
    """A search for the changes that made suspects slower.

    A *position* is the index of a revision.

    Args:
        bench: times the tests.
        revisions: oldest first: the base of all changes, then one for each.
        threshold: tolerated slowdown, as a share.
        on_settled: called with the number of suspects whose ends are compared.
        conditions: of the batch's run.
    """

    def __init__(
        self,
        bench: Bench,
        revisions: Sequence[Revision],
        threshold: float,
        on_settled: Callable[[int], None] = lambda _: None,
        conditions: Conditions = USUAL,
    ) -> None:
        self._conditions = conditions
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
                    paired.update(self._compare_ends(base, head, affordable))
            last = len(self._revisions) - 1
            bisections = [
                _Bisection(suspect, paired[suspect.key], SlowdownBisection(0, last, inert=self._inert(suspect)))
                for suspect in suspects
                if paired[suspect.key].comparison.conclusion is Conclusion.SLOWER
            ]
            self._bisect(base, bisections)
            self._confirm(base, bisections)
        by_key = {bisection.suspect.key: bisection for bisection in bisections}
        return tuple(self._slowdown(suspect, paired[suspect.key], by_key.get(suspect.key)) for suspect in suspects)

    def _inert(self, suspect: SuspectedSlowdown) -> frozenset[int]:
        """Return the positions whose change cannot have made a suspect slower."""
        return self._conditions.inert | self._conditions.untouched(suspect)

    def _compare_ends(
        self, base: BenchWorktree, head: BenchWorktree, suspects: Sequence[SuspectedSlowdown]
    ) -> dict[tuple[str, bool], PairedTimings]:
        """Compare the ends for each suspect, the worst few first.

        If the machine seems to be slow and these are no slower, neither are the others.
        """
        first = suspects[:FIRST_SUSPECTS] if self._conditions.is_machine_slow else suspects
        paired = dict(PairedTimer(first, [self._threshold] * len(first), self._on_settled).run(base, head))
        others = suspects[len(first) :]
        if others and any(timings.comparison.conclusion is Conclusion.SLOWER for timings in paired.values()):
            settled = len(first)
            timer = PairedTimer(
                others, [self._threshold] * len(others), lambda number: self._on_settled(settled + number)
            )
            return paired | dict(timer.run(base, head))
        for suspect in others:
            unclear = unmeasured(suspect, MACHINE_SLOW)
            comparison = replace(unclear.comparison, conclusion=Conclusion.SIMILAR)
            paired[suspect.key] = replace(unclear, comparison=comparison)
        return paired

    def _confirm(self, base: BenchWorktree, bisections: Sequence[_Bisection]) -> None:
        """Measure both sides of each single candidate again: noise that named a change will hardly do so twice."""
        named = [bisection for bisection in bisections if len(bisection.search.candidates) == 1]
        expected = ((0, Conclusion.SLOWER), (-1, Conclusion.SIMILAR))
        confirmed = list(named)
        for offset, conclusion in expected:
            by_position: defaultdict[int, list[_Bisection]] = defaultdict(list)
            for bisection in confirmed:
                by_position[bisection.search.candidates[0] + offset].append(bisection)
            confirmed = by_position.pop(0, [])
            for position, group in by_position.items():
                if self._bench.seconds_left:
                    timings = self._compare(base, position, group)
                    pairs = zip(group, timings, strict=True)
                    confirmed += [each for each, timing in pairs if timing.comparison.conclusion is conclusion]
        for bisection in confirmed:
            bisection.is_confirmed = True

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
        comparison = ends.comparison
        if bisection is not None and len(candidates) <= 1 and not bisection.is_confirmed:
            # A false name is worse than none.
            comparison = replace(comparison, conclusion=Conclusion.INCONCLUSIVE)
            reasons = [NOT_REPEATED if self._bench.seconds_left else OUT_OF_TIME] if candidates else [CONTRADICTORY]
            candidates = ()
        return Slowdown(
            name=suspect.name,
            comparison=comparison,
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
