"""Decision on one failing test: when its observations are sufficient, and which attribution they support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.culprits.attribution import Attribution, AttributionKind, Observation, ProbeOutcome
from batchhook.core.culprits.posterior import RunCounts, posterior
from batchhook.core.culprits.priors import Priors

FLAKY_CONFIDENCE = 0.95
"""Probability of no culprit from which a test is called flaky. Lower than for a culprit, since no change is blamed."""
MIN_OBSERVABILITY = 0.02
"""Lower bound of the probability that a test can run at a position that was not probed."""
SUSPECT_MASS = 0.95
"""Probability that the suspects of an ambiguous test contain the culprit."""


class Evidence:
    """Observations of one failing test along a line of revisions, and the conclusions that they support.

    A *position* is the index of a revision.

    Args:
        oids: commits of the revisions, oldest first: the first is before any change, and the test fails at the last.
    """

    def __init__(self, oids: Sequence[str], priors: Priors) -> None:
        self.priors = priors
        self._oids = oids
        self._passed = [0] * len(oids)
        self._failed = [0] * len(oids)
        self._unobserved: list[ProbeOutcome | None] = [None] * len(oids)

    def observe(self, position: int, outcome: ProbeOutcome) -> None:
        """Add one observation."""
        if outcome is ProbeOutcome.PASSED:
            self._passed[position] += 1
        elif outcome is ProbeOutcome.FAILED:
            self._failed[position] += 1
        else:
            self._unobserved[position] = outcome

    @property
    def counts(self) -> RunCounts:
        """Passes and failures at each position."""
        return RunCounts(tuple(self._passed), tuple(self._failed))

    @property
    def run_count(self) -> int:
        """Number of times that the test ran."""
        return sum(self._passed) + sum(self._failed)

    def is_observable(self, position: int) -> bool:
        """Return whether the test may run at a position, given the observations so far."""
        return self._unobserved[position] is None

    def is_observed(self, position: int) -> bool:
        """Return whether a position was probed, even if the test could not run there."""
        return bool(self._passed[position] or self._failed[position] or self._unobserved[position])

    def observability(self) -> list[float]:
        """Return the probability that the test can run at each position.

        Untestable revisions come in streaks. Between an untestable position and one where the test ran, the streak may
        end anywhere; between two untestable positions it hardly ever does. So the probability is interpolated linearly
        between observed positions.
        """
        chances: list[float] = []
        previous, left = -1, 1.0
        for position in (*filter(self.is_observed, range(len(self._oids))), len(self._oids)):
            right = 1.0 if position == len(self._oids) or self.is_observable(position) else 0.0
            steps = position - previous
            between = (left + (right - left) * step / steps for step in range(1, steps))
            chances += [max(chance, MIN_OBSERVABILITY) for chance in between] + [right]
            previous, left = position, right
        return chances[:-1]

    def hypothesis(self) -> Hypothesis:
        """Return the most likely explanation."""
        result = posterior(self.counts, self.priors)
        likeliest = max(range(len(self._oids)), key=result.last_break.__getitem__)
        last = self._first_observable(range(likeliest, len(self._oids)), default=len(self._oids) - 1)
        first = self._first_observable(range(last - 1, -1, -1), default=-1) + 1
        return Hypothesis(first, last, sum(result.last_break[first : last + 1]), result.no_culprit)

    def _first_observable(self, positions: Sequence[int], default: int) -> int:
        return next(filter(self.is_observable, positions), default)

    def unconfirmed(self, hypothesis: Hypothesis) -> list[int]:
        """Return the positions to probe before blaming a change: the test must fail there and pass just before."""
        positions = [hypothesis.last] if not self._failed[hypothesis.last] else []
        before = hypothesis.first - 1
        if before >= 0 and not self._passed[before]:
            positions.append(before)
        return positions

    def attribute(self, hypothesis: Hypothesis) -> Attribution:
        """Return the attribution for a hypothesis that is likely enough and confirmed."""
        first, last, probability = hypothesis.first, hypothesis.last, hypothesis.probability
        if last == 0:
            return self._attribution(AttributionKind.PRE_EXISTING, probability)
        if first == last:
            return self._attribution(AttributionKind.CULPRIT, probability, (first, last))
        if first == 0 and self._unobserved[last - 1] in {ProbeOutcome.ABSENT, ProbeOutcome.SKIPPED}:
            return self._attribution(AttributionKind.INTRODUCED, probability, (last, last))
        span = (max(first, 1), last)
        return self._attribution(AttributionKind.AMBIGUOUS, probability, span, self._gap_reason(first, last))

    def attribute_flaky(self, hypothesis: Hypothesis) -> Attribution:
        """Return the attribution of a test without a culprit."""
        return self._attribution(AttributionKind.FLAKY, hypothesis.no_culprit)

    def attribute_ambiguous(self, reason: str) -> Attribution:
        """Return the best attribution when the search ends early: flaky if that is likely, else a range of suspects.

        Args:
            reason: why the search ends, as a phrase.
        """
        result = posterior(self.counts, self.priors)
        if result.no_culprit > max(*result.last_break, 0.5) and sum(self._passed):
            return self._attribution(AttributionKind.FLAKY, result.no_culprit)
        first, last = _likely_span(result.last_break)
        probability = sum(result.last_break[first : last + 1])
        return self._attribution(AttributionKind.AMBIGUOUS, probability, (max(first, 1), max(last, 1)), reason)

    def _gap_reason(self, first: int, last: int) -> str:
        """Return why the changes of a span cannot be distinguished."""
        reasons = [
            f"{reason.value} at {self._oids[position][:8]}"
            for position in range(max(first - 1, 0), last)
            if (reason := self._unobserved[position])
        ]
        return ", ".join(reasons)

    def _attribution(
        self, kind: AttributionKind, confidence: float, span: tuple[int, int] | None = None, reason: str = ""
    ) -> Attribution:
        observations = tuple(
            Observation(oid, self._passed[position], self._failed[position], self._unobserved[position])
            for position, oid in enumerate(self._oids)
            if self.is_observed(position)
        )
        suspects = tuple(self._oids[span[0] : span[1] + 1]) if span else ()
        return Attribution(kind, min(confidence, 1.0), suspects, observations, reason)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The most likely explanation of a failure.

    Attributes:
        first, last: range of positions that contains the last break. Only ``last`` can be observed. Equal if one
            change stands out; from 0 if the test may have been broken before any change.
        probability: of the last break lying in the range.
        no_culprit: probability that no change is to blame.
    """

    first: int
    last: int
    probability: float
    no_culprit: float


def _likely_span(last_break: Sequence[float]) -> tuple[int, int]:
    """Return the first and last of the likeliest positions that together hold ``SUSPECT_MASS``."""
    ranked = sorted(range(len(last_break)), key=last_break.__getitem__, reverse=True)
    target, mass, chosen = SUSPECT_MASS * sum(last_break), 0.0, []
    for position in ranked:
        chosen.append(position)
        mass += last_break[position]
        if mass >= target:
            break
    return min(chosen), max(chosen)
