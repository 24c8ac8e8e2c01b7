"""A long line of states seen from afar: where it would make little difference, many changes are weighed as one.

What is expected of a look is worked out for each state and each change. Over hundreds of commits that would take
longer than the looks. So states of which nothing is known are left out of that, as far as the changes between two of
those that stay are not likely to be to blame. What is left is the same model, of fewer states: nothing that was seen is
lost.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from batchhook.core.culprits.posterior import Belief, Seen, believe
from batchhook.core.culprits.priors import Priors

FEW = 128
"""States up to which none is left out."""
FINE = 1 / 64
"""How likely the changes between two states that stay may be to blame, unless it is a single one."""


@dataclass(frozen=True, slots=True)
class View:
    """What is believed of a test, of some states alone.

    Attributes:
        states: numbers of the states that stay, in order; all changes since the one before are weighed as one.
        belief: about these.
    """

    states: Sequence[int]
    belief: Belief

    def place_of(self, state: int) -> int:
        """The place of a state among those that stay; of one that was left out, that of the next one that was not."""
        return bisect_left(self.states, state)


def view(seen: Seen, priors: Priors, can_look_at: Callable[[int], bool]) -> View:
    """What is believed of a test; of many states, only those that matter.

    Args:
        seen: what was seen of it.
        priors: what was held likely before.
        can_look_at: whether a state may be looked at, for all that is known.
    """
    whole, states = believe(seen, priors), len(priors.last_break)
    if states <= FEW:
        return View(range(states), whole)
    edges = (earlier for earlier, later in pairwise(range(states)) if can_look_at(earlier) and not can_look_at(later))
    wanted = {0, states - 1, *_seen_in(seen), *edges, *_likely(whole.last_break, can_look_at)}
    kept = tuple(sorted(wanted))
    some = Seen(tuple(seen.passed[state] for state in kept), tuple(seen.failed[state] for state in kept))
    return View(kept, believe(some, _joined(priors, kept)))


def _seen_in(seen: Seen) -> Iterator[int]:
    pairs = zip(seen.passed, seen.failed, strict=True)
    return (state for state, (passed, failed) in enumerate(pairs) if passed or failed)


def _likely(last_break: Sequence[float], can_look_at: Callable[[int], bool]) -> Iterator[int]:
    """States that cut the line into pieces: none is likely to hold the culprit, unless it is a single change."""
    gathered = 0.0
    for state, probability in enumerate(last_break):
        if probability >= FINE and state:
            yield state - 1
        gathered += probability
        if gathered >= FINE and can_look_at(state):
            yield state
            gathered = 0.0


def _joined(priors: Priors, kept: Sequence[int]) -> Priors:
    """What is held likely of the states that stay."""
    spans = [range(earlier + 1, later + 1) for earlier, later in pairwise(kept)]
    moves = [_moves(priors, span) for span in spans]
    return replace(
        priors,
        last_break=(priors.last_break[0], *(sum(priors.last_break[state] for state in span) for span in spans)),
        breaks=(priors.breaks[0], *(breaks for breaks, _ in moves)),
        mends=(priors.mends[0], *(mends for _, mends in moves)),
    )


def _moves(priors: Priors, span: Sequence[int]) -> tuple[float, float]:
    """How likely a test is broken after some changes that was sound before them, and sound that was broken."""
    broken, sound = 0.0, 0.0
    for state in span:
        breaks, mends = priors.breaks[state], priors.mends[state]
        broken, sound = broken * (1 - mends) + (1 - broken) * breaks, sound * (1 - breaks) + (1 - sound) * mends
    return broken, sound
