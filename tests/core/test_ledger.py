"""Rules for counting commits."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.commit import Commit
from batchhook.core.ledger import (
    CommitOrigin,
    Ledger,
    commit_origin,
    key_by_authorship,
    key_by_tree,
    match_rewrites,
    open_changes,
    split_into_batches,
)


def commit(oid: str, *, tree: str = "", base: str = "base", subject: str = "s", at: int = 0) -> Commit:
    return Commit(oid, tree or f"tree of {oid}", ("p",), base, "Ada <ada@example.org>", at, at, subject)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("commit: a", CommitOrigin.CREATED),
        ("commit (initial): a", CommitOrigin.CREATED),
        ("commit (merge): a", CommitOrigin.CREATED),
        ("commit (cherry-pick): a", CommitOrigin.CREATED),
        ("cherry-pick: a", CommitOrigin.CREATED),
        ("revert: a", CommitOrigin.CREATED),
        ("am: a", CommitOrigin.CREATED),
        ("merge topic: Merge made by the 'ort' strategy.", CommitOrigin.CREATED),
        ("pull origin main: Merge made by the 'ort' strategy.", CommitOrigin.CREATED),
        ("commit (amend): a", CommitOrigin.AMENDED),
        ("rebase (pick): a", CommitOrigin.REBASED),
        ("rebase -i (squash): a", CommitOrigin.REBASED),
        ("pull --rebase (pick): a", CommitOrigin.REBASED),
        ("rebase: a", CommitOrigin.REBASED),
        ("rebase (continue): a", CommitOrigin.REBASED),
        ("rebase (start): checkout upstream", CommitOrigin.EXISTING),
        ("rebase (finish): returning to refs/heads/main", CommitOrigin.EXISTING),
        ("merge topic: Fast-forward", CommitOrigin.EXISTING),
        ("pull: Fast-forward", CommitOrigin.EXISTING),
        ("reset: moving to HEAD~1", CommitOrigin.EXISTING),
        ("checkout: moving from main to topic", CommitOrigin.EXISTING),
        ("branch: Created from HEAD", CommitOrigin.EXISTING),
        ("clone: from elsewhere", CommitOrigin.EXISTING),
        ("", CommitOrigin.EXISTING),
    ],
)
def test_commit_origin(message: str, expected: CommitOrigin) -> None:
    assert commit_origin(message) is expected


def test_only_local_changes_count() -> None:
    chain = [commit("mine"), commit("theirs"), commit("empty", tree="base")]
    ledger = Ledger(local_commits=frozenset({"mine", "empty"}))
    assert [change.oid for change in open_changes(chain, ledger)] == ["mine"]


def test_replacement_of_sealed_commits_does_not_count() -> None:
    ledger = Ledger(
        sealed=frozenset({"a", "b"}), rewrites={"squashed": frozenset({"a", "b"}), "c": frozenset({"squashed"})}
    )
    assert ledger.accounts_for("squashed")
    assert ledger.accounts_for("c")
    assert not ledger.accounts_for("d")


def test_replacement_of_a_sealed_and_an_open_commit_counts() -> None:
    ledger = Ledger(sealed=frozenset({"a"}), rewrites={"new": frozenset({"a", "open"})})
    assert not ledger.accounts_for("new")


def test_circular_rewrites_terminate() -> None:
    ledger = Ledger(rewrites={"a": frozenset({"b"}), "b": frozenset({"a"})})
    assert ledger.accounts_for("a") in {True, False}


@given(st.lists(st.integers(1, 12), max_size=40), st.integers(1, 9))
def test_split_keeps_all_changes_in_order(weights: list[int], size: int) -> None:
    changes = [commit(str(place)) for place in range(len(weights))]
    weighed = {change.oid: weight for change, weight in zip(changes, weights, strict=True)}
    full, rest = split_into_batches(changes, size, weighed)
    assert [change for batch in (*full, rest) for change in batch.changes] == changes
    for batch in (*full, rest):
        assert batch.weight == sum(weighed[change.oid] for change in batch.changes)
    for batch in full:
        assert batch.weight >= size > batch.weight - weighed[batch.changes[-1].oid]
    assert rest.weight < size


@given(st.integers(0, 40), st.integers(1, 9))
def test_split_by_commit_gives_batches_of_equal_size(number: int, size: int) -> None:
    changes = [commit(str(place)) for place in range(number)]
    full, rest = split_into_batches(changes, size, {change.oid: 1 for change in changes})
    assert [len(batch.changes) for batch in full] == [size] * (number // size)
    assert len(rest.changes) == number % size


def test_most_reliable_key_is_applied_first() -> None:
    removed = [commit("old1", tree="t", subject="one"), commit("old2", subject="two"), commit("old3", subject="two")]
    new = [commit("new1", subject="two"), commit("new2", tree="t", subject="two"), commit("new3", subject="three")]
    matches = match_rewrites(new, removed, [key_by_tree, key_by_authorship])
    assert matches["new2"] == "old1"
    assert matches["new1"] in {"old2", "old3"}
    assert "new3" not in matches


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), max_size=8),
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), max_size=8),
)
def test_matching_is_one_to_one(news: list[tuple[str, str]], olds: list[tuple[str, str]]) -> None:
    new = [commit(f"new{place}", tree=tree, subject=subject) for place, (tree, subject) in enumerate(news)]
    removed = [commit(f"old{place}", tree=tree, subject=subject) for place, (tree, subject) in enumerate(olds)]
    matches = match_rewrites(new, removed, [key_by_tree, key_by_authorship])
    assert set(matches) <= {each.oid for each in new}
    assert len(set(matches.values())) == len(matches)


def test_sealed_commit_is_accounted_for() -> None:
    assert Ledger(sealed=frozenset({"a"})).accounts_for("a")


def test_amended_sealed_commit_does_not_count_again() -> None:
    ledger = Ledger(local_commits=frozenset({"b", "c"}), sealed=frozenset({"a"}), rewrites={"b": frozenset({"a"})})
    assert [change.oid for change in open_changes([commit("b"), commit("c")], ledger)] == ["c"]


def test_duplicate_does_not_count() -> None:
    ledger = Ledger(local_commits=frozenset({"a", "b"}), duplicates=frozenset({"a"}))
    assert [change.oid for change in open_changes([commit("a"), commit("b")], ledger)] == ["b"]


def test_amended_duplicate_does_not_count() -> None:
    ledger = Ledger(duplicates=frozenset({"a", "b"}), rewrites={"b": frozenset({"a"})})
    assert ledger.accounts_for("b")


def test_duplicate_squashed_with_a_change_counts() -> None:
    ledger = Ledger(duplicates=frozenset({"new"}), rewrites={"new": frozenset({"change", "rollback"})})
    assert not ledger.accounts_for("new")


def test_former_oids_are_transitive() -> None:
    ledger = Ledger(rewrites={"c": frozenset({"b", "x"}), "b": frozenset({"a"}), "a": frozenset({"c"})})
    assert ledger.former_oids("c") == {"a", "b", "x"}
    assert ledger.former_oids("unknown") == frozenset()


def test_large_change_fills_a_batch_of_its_own() -> None:
    changes = [commit("a"), commit("b"), commit("c")]
    full, rest = split_into_batches(changes, 5, {"a": 4, "b": 9, "c": 1})
    assert [([change.oid for change in batch.changes], batch.weight) for batch in full] == [(["a", "b"], 13)]
    assert (rest.changes, rest.weight) == ((changes[2],), 1)
