"""Which commits count: the pure part."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.changes import Commit
from batchhook.core.ledger import Birth, Ledger, birth, cut, open_changes, replaced_by, same_tree, same_writing


def commit(oid: str, *, tree: str = "", base: str = "base", subject: str = "s", at: int = 0) -> Commit:
    return Commit(oid, tree or f"tree of {oid}", ("p",), base, "Ada <ada@example.org>", at, at, subject)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("commit: a", Birth.MADE),
        ("commit (initial): a", Birth.MADE),
        ("commit (merge): a", Birth.MADE),
        ("commit (cherry-pick): a", Birth.MADE),
        ("cherry-pick: a", Birth.MADE),
        ("revert: a", Birth.MADE),
        ("am: a", Birth.MADE),
        ("merge topic: Merge made by the 'ort' strategy.", Birth.MADE),
        ("pull origin main: Merge made by the 'ort' strategy.", Birth.MADE),
        ("commit (amend): a", Birth.AMENDED),
        ("rebase (pick): a", Birth.REBASED),
        ("rebase -i (squash): a", Birth.REBASED),
        ("pull --rebase (pick): a", Birth.REBASED),
        ("rebase: a", Birth.REBASED),
        ("rebase (continue): a", Birth.REBASED),
        ("rebase (start): checkout upstream", Birth.MOVED),
        ("rebase (finish): returning to refs/heads/main", Birth.MOVED),
        ("merge topic: Fast-forward", Birth.MOVED),
        ("pull: Fast-forward", Birth.MOVED),
        ("reset: moving to HEAD~1", Birth.MOVED),
        ("checkout: moving from main to topic", Birth.MOVED),
        ("branch: Created from HEAD", Birth.MOVED),
        ("clone: from elsewhere", Birth.MOVED),
        ("", Birth.MOVED),
    ],
)
def test_birth(message: str, expected: Birth) -> None:
    assert birth(message) is expected


def test_only_what_was_made_here_and_changed_something_counts() -> None:
    chain = [commit("mine"), commit("theirs"), commit("empty", tree="base")]
    ledger = Ledger(made_here=frozenset({"mine", "empty"}))
    assert [change.oid for change in open_changes(chain, ledger)] == ["mine"]


def test_a_commit_that_replaced_sealed_ones_is_accounted_for() -> None:
    ledger = Ledger(
        sealed=frozenset({"a", "b"}), rewritten={"squashed": frozenset({"a", "b"}), "c": frozenset({"squashed"})}
    )
    assert ledger.accounts_for("squashed")
    assert ledger.accounts_for("c")
    assert not ledger.accounts_for("d")


def test_a_commit_that_replaced_a_sealed_and_an_open_one_counts() -> None:
    ledger = Ledger(sealed=frozenset({"a"}), rewritten={"new": frozenset({"a", "open"})})
    assert not ledger.accounts_for("new")


def test_rewrites_in_a_circle_end() -> None:
    ledger = Ledger(rewritten={"a": frozenset({"b"}), "b": frozenset({"a"})})
    assert ledger.accounts_for("a") in {True, False}


@given(st.lists(st.integers(1, 12), max_size=40), st.integers(1, 9))
def test_cutting_loses_nothing_and_keeps_the_order(weights: list[int], size: int) -> None:
    changes = [commit(str(place)) for place in range(len(weights))]
    weighed = {change.oid: weight for change, weight in zip(changes, weights, strict=True)}
    full, rest = cut(changes, size, weighed)
    assert [change for part in (*full, rest) for change in part.changes] == changes
    for part in (*full, rest):
        assert part.weight == sum(weighed[change.oid] for change in part.changes)
    for part in full:
        assert part.weight >= size > part.weight - weighed[part.changes[-1].oid]
    assert rest.weight < size


@given(st.integers(0, 40), st.integers(1, 9))
def test_where_every_change_counts_once_batches_are_of_one_size(number: int, size: int) -> None:
    changes = [commit(str(place)) for place in range(number)]
    full, rest = cut(changes, size, {change.oid: 1 for change in changes})
    assert [len(part.changes) for part in full] == [size] * (number // size)
    assert len(rest.changes) == number % size


def test_the_surest_key_goes_first_and_nothing_is_used_twice() -> None:
    gone = [commit("old1", tree="t", subject="one"), commit("old2", subject="two"), commit("old3", subject="two")]
    new = [commit("new1", subject="two"), commit("new2", tree="t", subject="two"), commit("new3", subject="three")]
    found = replaced_by(new, gone, [same_tree, same_writing])
    assert found["new2"] == "old1"
    assert found["new1"] in {"old2", "old3"}
    assert "new3" not in found


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), max_size=8),
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), max_size=8),
)
def test_matching_is_one_to_one(news: list[tuple[str, str]], olds: list[tuple[str, str]]) -> None:
    new = [commit(f"new{place}", tree=tree, subject=subject) for place, (tree, subject) in enumerate(news)]
    gone = [commit(f"old{place}", tree=tree, subject=subject) for place, (tree, subject) in enumerate(olds)]
    found = replaced_by(new, gone, [same_tree, same_writing])
    assert set(found) <= {each.oid for each in new}
    assert len(set(found.values())) == len(found)
