"""Finding the change that made a test slower."""

from __future__ import annotations

from hypothesis import given, strategies as st

from batchhook.core.perf.bisect import SlowdownBisection, bisect_threshold
from batchhook.core.perf.significance import Conclusion


def look(narrowing: SlowdownBisection, guilty: int, silent: frozenset[int] = frozenset()) -> int:
    """Narrow down until nothing is left to look at; gives the number of looks."""
    looks = 0
    while (state := narrowing.next_position) is not None:
        assert narrowing.is_informative(state)
        slow = Conclusion.SLOWER if state >= guilty else Conclusion.SIMILAR
        narrowing.observe(state, Conclusion.INCONCLUSIVE if state in silent else slow)
        looks += 1
    return looks


@given(st.integers(1, 200).flatmap(lambda last: st.tuples(st.just(last), st.integers(1, last))))
def test_it_finds_the_change_and_looks_no_more_often_than_a_bisection(line: tuple[int, int]) -> None:
    last, guilty = line
    narrowing = SlowdownBisection(0, last)
    assert look(narrowing, guilty) <= (last - 1).bit_length()
    assert list(narrowing.candidates) == [guilty]


@given(st.integers(1, 30), st.data())
def test_silent_states_leave_a_range_that_holds_it(last: int, data: st.DataObject) -> None:
    guilty = data.draw(st.integers(1, last))
    silent = data.draw(st.frozensets(st.integers(1, last)))
    narrowing = SlowdownBisection(0, last)
    look(narrowing, guilty, silent)
    assert guilty in narrowing.candidates
    assert silent >= set(narrowing.candidates) - {narrowing.first_slow}


def test_a_batch_of_five_needs_three_comparisons_at_most() -> None:
    assert max(look(SlowdownBisection(0, 5), guilty) for guilty in range(1, 6)) == 3


def test_a_state_counts_as_quick_up_to_half_of_the_way() -> None:
    assert bisect_threshold(1.69, 0.5) == 0.30000000000000004
    assert bisect_threshold(9.0, 0.5) == 0.5
