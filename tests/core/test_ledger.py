"""Rules for counting commits."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.commit import Commit
from batchhook.core.ledger import (
    CommitOrigin,
    Ledger,
    commit_origin,
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
        ("commit (cherry-pick): a", CommitOrigin.PICKED),
        ("cherry-pick: a", CommitOrigin.PICKED),
        ("cherry-pick: fast-forward", CommitOrigin.EXISTING),
        ("commit: pull: Fast-forward", CommitOrigin.CREATED),
        ("commit: rebase before the (pick)", CommitOrigin.CREATED),
        ("commit: repair the button (start)", CommitOrigin.CREATED),
        ("git-revise rewrite", CommitOrigin.EXISTING),
        ("revert: a", CommitOrigin.CREATED),
        ("am: a", CommitOrigin.PICKED),
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


def test_commits_that_replaced_each_other_count_unless_one_is_sealed() -> None:
    rewrites = {"a": frozenset({"b"}), "b": frozenset({"a"}), "c": frozenset({"b", "c"})}
    ledger = Ledger(rewrites=rewrites)
    assert not any(map(ledger.accounts_for, "abc"))
    ledger = Ledger(sealed=frozenset("a"), rewrites=rewrites)
    assert all(map(ledger.accounts_for, "abc"))


def test_commit_that_a_rebase_left_as_it_is_counts() -> None:
    ledger = Ledger(local_commits=frozenset("a"), rewrites={"a": frozenset("a")})
    assert [change.oid for change in open_changes([commit("a")], ledger)] == ["a"]


def test_commits_that_were_squashed_and_restored_count_one_by_one() -> None:
    squashed_and_restored = {"s": frozenset("ab"), "a": frozenset("s"), "b": frozenset("s")}
    ledger = Ledger(sealed=frozenset("a"), rewrites=squashed_and_restored)
    assert [oid for oid in "abs" if not ledger.accounts_for(oid)] == ["b", "s"]


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
