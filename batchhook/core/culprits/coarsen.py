"""Coarsening of long searches: consecutive changes are weighed as one where that makes little difference.

The expected gain of a probe is computed for each pair of position and change. Over hundreds of commits that would take
longer than the probes themselves. Positions without observations are therefore left out as long as the changes between
two remaining positions are unlikely to contain the culprit. The result is the same model with fewer positions; no
observation is lost.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from batchhook.core.culprits.posterior import Posterior, RunCounts, posterior
from batchhook.core.culprits.priors import Priors

MAX_EXACT = 128
"""Number of positions up to which all are kept."""
MAX_MASS = 1 / 64
"""Probability that the culprit lies between two remaining positions, at most, unless only one change does."""


@dataclass(frozen=True, slots=True)
class CoarseView:
    """Posterior of a test over a subset of positions.

    Attributes:
        positions: the remaining positions, ascending; all changes since the previous one are weighed as one.
        posterior: over these positions.
    """

    positions: Sequence[int]
    posterior: Posterior

    def index_of(self, position: int) -> int:
        """Return the index of a position, or that of the next remaining one if it was left out."""
        return bisect_left(self.positions, position)


def coarsen(counts: RunCounts, priors: Priors, is_observable: Callable[[int], bool]) -> CoarseView:
    """Return the posterior of a test over the positions that matter.

    Args:
        counts: passes and failures of the test.
        priors: over all positions.
        is_observable: whether the test may run at a position, given the observations so far.
    """
    exact, size = posterior(counts, priors), len(priors.last_break)
    if size <= MAX_EXACT:
        return CoarseView(range(size), exact)
    edges = (earlier for earlier, later in pairwise(range(size)) if is_observable(earlier) and not is_observable(later))
    positions = tuple(sorted({0, size - 1, *_observed(counts), *edges, *_cuts(exact.last_break, is_observable)}))
    coarse_counts = RunCounts(
        tuple(counts.passed[position] for position in positions),
        tuple(counts.failed[position] for position in positions),
    )
    return CoarseView(positions, posterior(coarse_counts, _join(priors, positions)))


def _observed(counts: RunCounts) -> Iterator[int]:
    pairs = zip(counts.passed, counts.failed, strict=True)
    return (position for position, (passed, failed) in enumerate(pairs) if passed or failed)


def _cuts(last_break: Sequence[float], is_observable: Callable[[int], bool]) -> Iterator[int]:
    """Yield positions that cut the line into pieces of at most ``MAX_MASS``, unless a piece is a single change."""
    mass = 0.0
    for position, probability in enumerate(last_break):
        if probability >= MAX_MASS and position:
            yield position - 1
        mass += probability
        if mass >= MAX_MASS and is_observable(position):
            yield position
            mass = 0.0


def _join(priors: Priors, positions: Sequence[int]) -> Priors:
    """Return the priors over the remaining positions."""
    spans = [range(earlier + 1, later + 1) for earlier, later in pairwise(positions)]
    transitions = [_transition(priors, span) for span in spans]
    return replace(
        priors,
        last_break=(priors.last_break[0], *(sum(priors.last_break[position] for position in span) for span in spans)),
        breaks=(priors.breaks[0], *(breaks for breaks, _ in transitions)),
        fixes=(priors.fixes[0], *(fixes for _, fixes in transitions)),
    )


def _transition(priors: Priors, span: Sequence[int]) -> tuple[float, float]:
    """Return the probability that a span of changes leaves a sound test broken, and a broken test sound."""
    broken, sound = 0.0, 0.0
    for position in span:
        breaks, fixes = priors.breaks[position], priors.fixes[position]
        broken, sound = broken * (1 - fixes) + (1 - broken) * breaks, sound * (1 - breaks) + (1 - sound) * fixes
    return broken, sound
