"""Which operations are in effect, and what undo and redo mean."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, strategies as st

from batchhook.core.operations import (
    Kind,
    Operation,
    OperationStatus,
    in_effect,
    interrupted,
    is_torn,
    needed,
    rolled_back,
    to_redo,
    to_undo,
)
from batchhook.core.rollback import Mode, Selection
from batchhook.errors import BatchhookError

DONE, INTENT = OperationStatus.DONE, OperationStatus.INTENT


def operation(
    number: int, kind: Kind = Kind.ROLLBACK, undoes: int = 0, status: OperationStatus = DONE, top: str = "here"
) -> Operation:
    return Operation(number, kind, Mode.FILES, Selection((number,)), status, top, "", "", 0.0, undoes)


def test_an_undo_takes_a_rollback_out_of_effect_and_a_redo_takes_the_undo_out() -> None:
    past = [operation(1), operation(2, Kind.UNDO, 1)]
    assert (set(in_effect(past)), set(rolled_back(past))) == ({2}, set())
    past.append(operation(3, Kind.REDO, 2))
    assert (set(in_effect(past)), set(rolled_back(past))) == ({1, 3}, {1})
    past.append(operation(4, Kind.UNDO, 3))
    assert (set(in_effect(past)), set(rolled_back(past))) == ({2, 4}, set())


def test_what_failed_or_was_taken_back_has_no_effect() -> None:
    for status in (OperationStatus.FAILED, OperationStatus.TAKEN_BACK, INTENT):
        past = [operation(1), operation(2, Kind.UNDO, 1, status)]
        assert in_effect(past) == {1}
        assert needed(past) == ({1, 2} if status is INTENT else {1})


def test_a_number_names_what_was_done_last_about_its_rollback() -> None:
    past = [operation(1), operation(2, Kind.UNDO, 1), operation(3, Kind.REDO, 2)]
    assert to_undo(past, "here", 1).id == 3
    assert to_undo(past, "here", 3).id == 3
    past.append(operation(4, Kind.UNDO, 3))
    assert to_undo(past, "here", 2).id == 4, "to undo an undo is a redo"
    assert to_undo(past, "here", 2).kind_of_taking_out is Kind.REDO


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "operation 2 has taken it back already"), (7, "no operation 7"), (3, "another work tree"), (4, "failed")],
)
def test_what_cannot_be_undone_says_why(number: int, said: str) -> None:
    past = [
        operation(1),
        operation(2, Kind.UNDO, 1),
        operation(3, top="there"),
        operation(4, status=OperationStatus.FAILED),
    ]
    with pytest.raises(BatchhookError, match=said):
        to_undo(past, "here", number)


def test_nothing_is_redone_after_another_rollback() -> None:
    past = [operation(1), operation(2, Kind.UNDO, 1), operation(3)]
    with pytest.raises(BatchhookError, match="nothing to redo"):
        to_redo(past, "here")


def test_the_interrupted_one_is_this_work_trees() -> None:
    past = [operation(1, status=INTENT), operation(2, status=INTENT, top="there")]
    found = interrupted(past, "here")
    assert found is not None
    assert found.id == 1
    assert interrupted(past[1:], "here") is None


@given(st.lists(st.sampled_from(["rollback", "undo", "redo"]), max_size=30))
def test_undo_and_redo_are_those_of_an_editor(steps: list[str]) -> None:
    """Against two stacks: a rollback empties the one of what can be redone."""
    past: list[Operation] = []
    done: list[int] = []
    undone: list[int] = []
    for number, step in zip(itertools.count(1), steps, strict=False):
        if step == "rollback":
            past.append(operation(number))
            done.append(number)
            undone.clear()
            continue
        source = done if step == "undo" else undone
        find = to_undo if step == "undo" else to_redo
        if not source:
            with pytest.raises(BatchhookError, match="nothing to"):
                find(past, "here")
            continue
        found = find(past, "here")
        past.append(operation(number, found.kind_of_taking_out, found.id))
        (undone if step == "undo" else done).append(source.pop())
        assert rolled_back(past) == set(done)


@pytest.mark.parametrize(
    ("found", "torn"),
    [(None, True), (b"", True), (b"aft", True), (b"before", True), (b"mine", False), (b"after and mine", False)],
)
def test_what_a_kill_may_have_left(found: bytes | None, torn: bool) -> None:  # noqa: FBT001 - what is expected
    assert is_torn(found, b"before and", b"after") is torn
