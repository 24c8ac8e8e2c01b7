"""Which differences are taken out to go back."""

from __future__ import annotations

from hypothesis import given, strategies as st

from batchhook.core.changes import Commit
from batchhook.core.rollback import Fate, Selection, Step, fate_of, steps_back


def change(base: str, tree: str) -> Commit:
    return Commit(tree, tree, (base,), base, "", 0, 0, "")


def test_changes_in_a_row_are_one_step() -> None:
    assert steps_back([change("0", "1"), change("1", "2"), change("2", "3")]) == (Step("3", "0"),)


def test_what_came_in_between_stays() -> None:
    steps = steps_back([change("0", "1"), change("1", "2"), change("pulled", "3")])
    assert steps == (Step("3", "pulled"), Step("2", "0"))


@given(st.lists(st.sets(st.integers(0, 9), min_size=1, max_size=3), max_size=12), st.data())
def test_taking_out_gives_the_state_without_the_changes(touched: list[set[int]], data: st.DataObject) -> None:
    """States as sets of facts: each change adds its own, somebody else's are mixed in; going back leaves only those."""
    state: frozenset[int] = frozenset()
    changes, trees = [], {"": state}
    fact, theirs = 0, set()
    for _ in touched:
        fact += 1
        if data.draw(st.booleans()):
            state |= {-fact}
            theirs.add(-fact)
            continue
        base = str(sorted(state))
        trees[base] = state
        state |= {fact}
        tree = str(sorted(state))
        trees[tree] = state
        changes.append(change(base, tree))
    for step in steps_back(changes):
        state -= trees[step.new] - trees[step.old]
    assert state == theirs


def test_the_name_of_what_is_taken_out() -> None:
    assert Selection((3,), paths=("a", "b")).what == "batch 3 in a, b"
    assert Selection((3,), paths=("",)).what == "batch 3 in ."


def test_fates() -> None:
    assert fate_of("new", "", "") is Fate.REMOVED
    assert fate_of("", "old", "old") is Fate.RECREATED
    assert fate_of("new", "old", "old") is Fate.RESTORED
    assert fate_of("new", "mixed", "old") is Fate.MERGED
