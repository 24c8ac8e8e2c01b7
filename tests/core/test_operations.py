"""Rules for operations in effect, undo and redo."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from batchhook.core.operations import (
    Operation,
    OperationKind,
    OperationStatus,
    effective_ids,
    find_interrupted,
    find_redo_target,
    find_undo_target,
    ids_needing_snapshots,
    is_partial_write,
    rolled_back_batches,
    root_rollbacks,
    stash_creators,
)
from batchhook.core.rollback import RollbackMode, Selection
from batchhook.errors import BatchhookError

DONE, INTENT = OperationStatus.DONE, OperationStatus.INTENT


def operation(
    number: int,
    kind: OperationKind = OperationKind.ROLLBACK,
    undoes: int = 0,
    status: OperationStatus = DONE,
    top: str = "here",
) -> Operation:
    return Operation(number, kind, RollbackMode.FILES, Selection((number,)), status, top, "", "", 0.0, undoes)


def test_undo_reverts_a_rollback_and_redo_reverts_the_undo() -> None:
    operations = [operation(1), operation(2, OperationKind.UNDO, 1)]
    assert (set(effective_ids(operations)), set(rolled_back_batches(operations))) == ({2}, set())
    operations.append(operation(3, OperationKind.REDO, 2))
    assert (set(effective_ids(operations)), set(rolled_back_batches(operations))) == ({1, 3}, {1})
    operations.append(operation(4, OperationKind.UNDO, 3))
    assert (set(effective_ids(operations)), set(rolled_back_batches(operations))) == ({2, 4}, set())


def test_failed_and_reverted_operations_have_no_effect() -> None:
    for status in (OperationStatus.FAILED, OperationStatus.REVERTED, INTENT):
        operations = [operation(1), operation(2, OperationKind.UNDO, 1, status)]
        assert effective_ids(operations) == {1}
        assert ids_needing_snapshots(operations) == ({1, 2} if status is INTENT else {1})


def test_number_refers_to_the_latest_operation_on_its_rollback() -> None:
    operations = [operation(1), operation(2, OperationKind.UNDO, 1), operation(3, OperationKind.REDO, 2)]
    assert find_undo_target(operations, "here", 1).id == 3
    assert find_undo_target(operations, "here", 3).id == 3
    operations.append(operation(4, OperationKind.UNDO, 3))
    assert find_undo_target(operations, "here", 2).id == 4, "to undo an undo is a redo"
    assert find_undo_target(operations, "here", 2).reversal_kind is OperationKind.REDO


@pytest.mark.parametrize(
    ("number", "message"),
    [(1, "already reverted by operation 2"), (7, "no operation 7"), (3, "another work tree"), (4, "failed")],
)
def test_refused_undo_gives_the_reason(number: int, message: str) -> None:
    operations = [
        operation(1),
        operation(2, OperationKind.UNDO, 1),
        operation(3, top="there"),
        operation(4, status=OperationStatus.FAILED),
    ]
    with pytest.raises(BatchhookError, match=message):
        find_undo_target(operations, "here", number)


def test_no_redo_after_another_rollback() -> None:
    operations = [operation(1), operation(2, OperationKind.UNDO, 1), operation(3)]
    with pytest.raises(BatchhookError, match="nothing to redo"):
        find_redo_target(operations, "here")


def test_interrupted_operation_of_this_work_tree() -> None:
    operations = [operation(1, status=INTENT), operation(2, status=INTENT, top="there")]
    found = find_interrupted(operations, "here")
    assert found is not None
    assert found.id == 1
    assert find_interrupted(operations[1:], "here") is None


@given(st.lists(st.sampled_from(["rollback", "undo", "redo"]), max_size=30))
def test_undo_and_redo_work_as_in_an_editor(steps: list[str]) -> None:
    """Compare with two stacks; a rollback empties the redo stack."""
    operations: list[Operation] = []
    done: list[int] = []
    undone: list[int] = []
    for number, step in zip(itertools.count(1), steps, strict=False):
        if step == "rollback":
            operations.append(operation(number))
            done.append(number)
            undone.clear()
            continue
        source = done if step == "undo" else undone
        find = find_undo_target if step == "undo" else find_redo_target
        if not source:
            with pytest.raises(BatchhookError, match="nothing to"):
                find(operations, "here")
            continue
        found = find(operations, "here")
        operations.append(operation(number, found.reversal_kind, found.id))
        (undone if step == "undo" else done).append(source.pop())
        assert rolled_back_batches(operations) == set(done)


@pytest.mark.parametrize(
    ("content", "partial"),
    [(None, True), (b"", True), (b"aft", True), (b"before", True), (b"mine", False), (b"after and mine", False)],
)
def test_partial_write(content: bytes | None, partial: bool) -> None:  # noqa: FBT001 - the expected result
    assert is_partial_write(content, b"before and", b"after") is partial


def test_root_of_a_chain_of_undo_and_redo() -> None:
    operations = [operation(1), operation(2, OperationKind.UNDO, 1), operation(3), operation(4, OperationKind.REDO, 2)]
    assert root_rollbacks(operations) == {1: 1, 2: 1, 3: 3, 4: 1}


def test_snapshots_of_operations_that_can_be_undone_are_needed() -> None:
    operations = [operation(1), operation(2), operation(3, OperationKind.UNDO, 2), operation(4, status=INTENT)]
    assert ids_needing_snapshots(operations) == {1, 4}


def stashing(number: int, stash: str, undoes: int = 0) -> Operation:
    kind = OperationKind.UNDO if undoes else OperationKind.ROLLBACK
    return replace(operation(number, kind, undoes), stash=stash)


def test_undo_applies_the_stash_of_its_rollback() -> None:
    assert stash_creators([stashing(1, "entry"), stashing(2, "entry", undoes=1)]) == {1}


def test_undo_with_another_stash_entry_created_it() -> None:
    assert stash_creators([stashing(1, "entry"), stashing(2, "new entry", undoes=1)]) == {1, 2}
    assert stash_creators([stashing(1, ""), stashing(2, "entry", undoes=1)]) == {2}


def test_operations_of_other_work_trees_are_not_undone_or_redone() -> None:
    operations = [operation(1, top="there"), operation(2, OperationKind.UNDO, 1, top="there")]
    for find in (find_undo_target, find_redo_target):
        with pytest.raises(BatchhookError, match="nothing to"):
            find(operations, "here")


def test_rollbacks_of_several_batches() -> None:
    operations = [replace(operation(1), selection=Selection((1, 2))), replace(operation(2), selection=Selection(()))]
    assert rolled_back_batches(operations) == {1, 2}
