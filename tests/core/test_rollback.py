"""Deltas to revert, and descriptions of rollbacks."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.commit import Commit, parse_trailers
from batchhook.core.rollback import (
    AutoRollbackResult,
    AutoRollbackStatus,
    CommitMessageEntry,
    FileAction,
    HeadUpdate,
    RollbackMode,
    Selection,
    TreeDelta,
    choose_head_update,
    commit_message,
    deltas_to_revert,
    file_action,
    parse_batch_range,
)
from batchhook.errors import ConflictError, UsageError


def change(base: str, tree: str) -> Commit:
    return Commit(tree, tree, (base,), base, "", 0, 0, "")


def test_consecutive_changes_form_one_delta() -> None:
    assert deltas_to_revert([change("0", "1"), change("1", "2"), change("2", "3")]) == (TreeDelta("3", "0"),)


def test_commits_in_between_stay() -> None:
    deltas = deltas_to_revert([change("0", "1"), change("1", "2"), change("pulled", "3")])
    assert deltas == (TreeDelta("3", "pulled"), TreeDelta("2", "0"))


@given(st.lists(st.sets(st.integers(0, 9), min_size=1, max_size=3), max_size=12), st.data())
def test_reverting_leaves_everything_but_the_changes(touched: list[set[int]], data: st.DataObject) -> None:
    """Model trees as sets of facts: each change adds one, other commits add others; a revert leaves only those."""
    tree_now: frozenset[int] = frozenset()
    changes, trees = [], {"": tree_now}
    fact, others = 0, set()
    for _ in touched:
        fact += 1
        if data.draw(st.booleans()):
            tree_now |= {-fact}
            others.add(-fact)
            continue
        base = str(sorted(tree_now))
        trees[base] = tree_now
        tree_now |= {fact}
        tree = str(sorted(tree_now))
        trees[tree] = tree_now
        changes.append(change(base, tree))
    for delta in deltas_to_revert(changes):
        tree_now -= trees[delta.new] - trees[delta.old]
    assert tree_now == others


def test_description_of_a_selection() -> None:
    assert Selection((3,), paths=("a", "b")).description == "batch 3 in a, b"
    assert Selection((3,), paths=("",)).description == "batch 3 in ."


def test_file_actions() -> None:
    assert file_action("new", "", "") is FileAction.DELETED
    assert file_action("", "old", "old") is FileAction.RECREATED
    assert file_action("new", "old", "old") is FileAction.RESTORED
    assert file_action("new", "mixed", "old") is FileAction.MERGED


@pytest.mark.parametrize(
    ("text", "batches"),
    [("3", (3, 3)), ("3..5", (3, 5)), ("abc", None), ("3..", None), ("1234567890", None)],
)
def test_batch_range(text: str, batches: tuple[int, int] | None) -> None:
    assert parse_batch_range(text) == batches


@pytest.mark.parametrize("text", ["0", "5..3", "0..2"])
def test_invalid_batch_range(text: str) -> None:
    with pytest.raises(UsageError):
        parse_batch_range(text)


FILES, COMMIT, RESET = RollbackMode.FILES, RollbackMode.COMMIT, RollbackMode.RESET


@pytest.mark.parametrize(
    ("mode", "head", "before", "after", "on_others", "update"),
    [
        (FILES, "now", "old", "new", False, HeadUpdate.STAY),
        (RESET, "same", "same", "same", False, HeadUpdate.STAY),
        (RESET, "new", "old", "new", False, HeadUpdate.MOVE),
        (COMMIT, "new", "old", "new", False, HeadUpdate.MOVE),
        (COMMIT, "new", "old", "new", True, HeadUpdate.COMMIT),
        (COMMIT, "later", "old", "new", False, HeadUpdate.COMMIT),
    ],
)
def test_head_update(  # noqa: PLR0913, PLR0917 - one row of the table
    mode: RollbackMode,
    head: str,
    before: str,
    after: str,
    on_others: bool,  # noqa: FBT001 - one row of the table
    update: HeadUpdate,
) -> None:
    assert choose_head_update(mode, head, before, after, is_on_other_branches=on_others) is update


@pytest.mark.parametrize(("head", "message"), [("later", "moved on since"), ("new", "also on other branches")])
def test_reset_that_cannot_be_undone(head: str, message: str) -> None:
    with pytest.raises(ConflictError, match=message):
        choose_head_update(RESET, head, "old", "new", is_on_other_branches=True)


def test_commit_message() -> None:
    oid = "0123456789abcdef"
    entries = [
        CommitMessageEntry(7, Selection((1,)), (oid,)),
        CommitMessageEntry(8, Selection((2, 4)), reapplies=True),
    ]
    message = commit_message(entries, {oid: "Add tax"})
    assert message == (
        "Revert batch 1 and reapply batches 2 to 4\n\n    0123456789ab Add tax\n\n"
        "Batchhook-Operation: 7\nBatchhook-Operation: 8\n"
    )
    assert parse_trailers(message) == (7, 8)


@given(st.lists(st.integers(1, 999), min_size=1, max_size=5), st.text(alphabet="ab \n:", max_size=40))
def test_trailers_of_every_message_are_found(numbers: list[int], subject: str) -> None:
    entries = [CommitMessageEntry(number, Selection((number,)), ("c",)) for number in numbers]
    assert parse_trailers(commit_message(entries, {"c": " ".join(subject.split())})) == tuple(numbers)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Batchhook-Operation: 1\n\nmore text",
        "Subject\n\nBatchhook-Operation: x",
        "See Batchhook-Operation: 1 there",
    ],
)
def test_messages_without_a_trailer(message: str) -> None:
    assert parse_trailers(message) == ()


def test_full_description_names_the_batches_of_changes() -> None:
    assert Selection((3,), changes=("0123456789",)).full_description == "01234567 (of batch 3)"
    assert Selection((), changes=("0123456789",)).full_description == "01234567"
    assert Selection((3, 5)).full_description == "batches 3 to 5"


REFUSED, PROPOSED, APPLIED = AutoRollbackStatus
CHANGES = ("0123456789",)


@pytest.mark.parametrize(
    ("result", "start", "end"),
    [
        (AutoRollbackResult(REFUSED, reason="no culprit"), "no automatic rollback of batch 1", "no culprit"),
        (AutoRollbackResult(APPLIED, CHANGES, operation=2), "reverted 01234567", "(to reverse: batchhook undo)"),
        (
            AutoRollbackResult(PROPOSED, CHANGES),
            "reverting 01234567 fixes the tests 01234567 broke",
            "batchhook rollback 1 --culprit",
        ),
        (
            AutoRollbackResult(PROPOSED, CHANGES, "dirty"),
            "reverting 01234567 fixes",
            "not applied automatically: dirty",
        ),
    ],
)
def test_auto_rollback_summary(result: AutoRollbackResult, start: str, end: str) -> None:
    summary = result.summary(1)
    assert summary.startswith(start)
    assert summary.endswith(end)
