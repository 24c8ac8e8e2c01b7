"""Uncommitted work in the way of a rollback: refused, or stashed with --stash."""

from __future__ import annotations

import pytest

from batchhook import ConflictError, Workflow
from tests.driving import Repository
from tests.workflow.rollback.world import ten, world


@pytest.fixture
def dirty(batch: Repository) -> Repository:
    """Work on the same lines as the batch's, staged and not, beside other work."""
    batch.write("ten.txt", ten({1: "staged", 2: "deux"}))
    batch.git("add", "ten.txt")
    batch.write("ten.txt", ten({1: "mine", 2: "deux"}))
    batch.write("other.txt", "mine\n")
    batch.write("untracked.txt", "mine\n")
    return batch


def test_it_is_refused_and_the_way_out_is_told(dirty: Repository) -> None:
    before = world(dirty)
    output = dirty.batchhook("rollback", "1", "-y", code=3)
    assert "uncommitted changes conflict with batch 1, in: ten.txt; nothing was changed" in output
    assert "let --stash stash them" in output
    assert world(dirty) == before


@pytest.mark.parametrize("mode", ["files", "commit", "reset"])
def test_it_is_put_aside_and_undo_brings_it_back(dirty: Repository, mode: str) -> None:
    workflow, before = Workflow(dirty.top), world(dirty)
    document = workflow.rollback(1, mode=mode, stash=True)
    assert document.stashed_files == ("other.txt", "ten.txt")
    after = world(dirty)
    assert dirty.read("ten.txt") == ten({})
    assert dirty.read("other.txt") == "other\n"
    assert dirty.read("untracked.txt") == "mine\n", "it is not in the way"
    assert "batchhook operation 1: rollback of batch 1" in dirty.git("stash", "list")
    assert dirty.git("rev-parse", "stash@{0}") == document.stash
    workflow.undo()
    assert world(dirty) == before
    workflow.redo()
    assert world(dirty) == after
    workflow.undo()
    assert world(dirty) == before


def test_git_stash_pop_knows_the_entry(dirty: Repository) -> None:
    before = world(dirty)
    output = dirty.batchhook("rollback", "1", "--stash", "-y")
    assert "saved in the stash: other.txt ten.txt" in " ".join(output.split())
    assert "git stash pop" in output
    dirty.git("reset", "--quiet", "--hard")
    dirty.git("stash", "pop", "--index")
    assert world(dirty).files == before.files
    assert world(dirty).index == before.index


def test_after_it_was_taken_back_by_hand_undo_is_about_the_rollback_alone(dirty: Repository) -> None:
    workflow = Workflow(dirty.top)
    workflow.rollback(1, mode="commit", stash=True)
    dirty.git("checkout", "--quiet", "stash@{0}", "--", "other.txt")
    dirty.git("stash", "drop", "--quiet")
    workflow.undo()
    assert dirty.read("ten.txt") == ten({1: "one", 2: "deux"})
    assert dirty.read("other.txt") == "mine\n"
    assert dirty.read("untracked.txt") == "mine\n"


def test_where_nothing_is_in_the_way_nothing_is_put_aside(batch: Repository) -> None:
    batch.write("other.txt", "mine\n")
    document = Workflow(batch.top).rollback(1, stash=True)
    assert (document.stash, document.stashed_files) == ("", ())
    assert batch.read("other.txt") == "mine\n"
    assert batch.git("stash", "list") == ""


def test_an_untracked_file_in_the_way_is_put_aside_too(batch: Repository) -> None:
    batch.write("gone.txt", "mine\n")
    batch.write("untracked.txt", "mine\n")
    workflow, before = Workflow(batch.top), world(batch)
    document = workflow.rollback(1, stash=True)
    assert document.stashed_files == ("gone.txt", "untracked.txt")
    assert batch.read("gone.txt") == "gone\n"
    assert not (batch.top / "untracked.txt").exists()
    assert batch.git("show", "stash@{0}^3:gone.txt") == "mine"
    workflow.undo()
    assert world(batch) == before


def test_what_was_committed_since_is_not_put_aside(batch: Repository) -> None:
    batch.commit("6", ten__txt=ten({1: "committed", 2: "deux"}))
    with pytest.raises(ConflictError, match="later changes conflict with batch 1") as raised:
        Workflow(batch.top).rollback(1, stash=True)
    assert "roll that back first" in raised.value.hint


def test_other_entries_stay(dirty: Repository) -> None:
    dirty.git("stash")
    dirty.git("stash", "apply", "--index", "--quiet")
    dirty.batchhook("rollback", "1", "--stash", "-y")
    entries = dirty.git("stash", "list").splitlines()
    assert len(entries) == 2
    dirty.write("later.txt", "later\n")
    dirty.git("add", "later.txt")
    dirty.git("stash", "push", "--quiet", "later.txt")
    dirty.batchhook("undo", "-y")
    left = dirty.git("stash", "list").splitlines()
    assert len(left) == 2
    assert not any("batchhook" in entry for entry in left)


@pytest.fixture
def edited(batch: Repository) -> Repository:
    """A rollback of batch 1, and work since on the lines that its undo has to bring back, beside other work."""
    batch.batchhook("rollback", "1", "-y")
    batch.write("ten.txt", ten({1: "staged"}))
    batch.git("add", "ten.txt")
    batch.write("ten.txt", ten({1: "mine"}))
    batch.write("other.txt", "mine\n")
    batch.write("untracked.txt", "mine\n")
    return batch


def test_an_undo_is_refused_and_the_way_out_is_told(edited: Repository) -> None:
    before = world(edited)
    output = " ".join(edited.batchhook("undo", "-y", code=3).split())
    assert "uncommitted changes conflict with operation 1, in: ten.txt; nothing was changed" in output
    assert "let --stash stash them" in output
    assert world(edited) == before


def test_an_undo_puts_it_aside_and_redo_brings_it_back(edited: Repository) -> None:
    before = world(edited)
    output = " ".join(edited.batchhook("undo", "--stash", "-y").split())
    assert "git stash pop restore the stashed work; batchhook redo does that as well" in output
    after = world(edited)
    assert edited.read("ten.txt") == ten({1: "one", 2: "deux"})
    assert edited.read("other.txt") == "other\n"
    assert edited.read("untracked.txt") == "mine\n"
    assert edited.git("status", "--porcelain") == "?? untracked.txt"
    assert "batchhook operation 2: undo of batch 1" in edited.git("stash", "list")
    for _ in range(2):
        assert "git stash pop" not in edited.batchhook("redo", "-y")
        assert world(edited) == before
        edited.batchhook("undo", "-y")
        assert world(edited) == after


def test_what_the_undo_put_aside_is_popped_by_hand(edited: Repository) -> None:
    workflow = Workflow(edited.top)
    document = workflow.undo(stash=True)
    assert (document.stashed_files, document.stash) == (
        ("added.txt", "gone.txt", "other.txt", "ten.txt"),
        edited.git("rev-parse", "stash@{0}"),
    )
    edited.git("checkout", "--quiet", "stash@{0}", "--", "other.txt")
    edited.git("stash", "drop", "--quiet")
    workflow.redo()
    assert edited.read("ten.txt") == ten({})
    assert edited.read("other.txt") == "mine\n"
    workflow.undo()
    assert edited.read("ten.txt") == ten({1: "one", 2: "deux"})
    assert edited.read("other.txt") == "mine\n"


def test_what_the_undo_put_aside_is_popped_as_a_whole(edited: Repository) -> None:
    before = world(edited)
    edited.batchhook("undo", "--stash", "-y")
    edited.git("stash", "pop", "--index", "--quiet")
    assert world(edited).files == before.files
    popped = world(edited)
    assert "changes conflict with operation 2, in: ten.txt" in edited.batchhook("redo", "-y", code=3), (
        "the work is on its lines"
    )
    assert world(edited) == popped


@pytest.mark.parametrize("mode", ["files", "commit", "reset"])
def test_what_the_rollback_had_put_aside_stays_where_newer_work_is_in_the_way(dirty: Repository, mode: str) -> None:
    workflow = Workflow(dirty.top)
    first = workflow.rollback(1, mode=mode, stash=True).stash
    dirty.write("ten.txt", ten({1: "newer"}))
    before = world(dirty)
    with pytest.raises(ConflictError):
        workflow.undo()
    assert world(dirty) == before
    second = workflow.undo(stash=True).stash
    assert dirty.git("stash", "list", "--format=%H").split() == [second, first]
    assert dirty.read("ten.txt") == ten({1: "one", 2: "deux"})
    after = world(dirty)
    workflow.redo()
    assert world(dirty) == before
    workflow.undo(stash=True)
    assert world(dirty) == after


def test_a_redo_puts_work_aside(dirty: Repository) -> None:
    workflow = Workflow(dirty.top)
    workflow.rollback(1, stash=True)
    workflow.undo()
    dirty.write("ten.txt", ten({1: "newer", 2: "newest"}))
    before = world(dirty)
    workflow.redo(stash=True)
    assert dirty.read("ten.txt") == ten({})
    assert len(dirty.git("stash", "list").splitlines()) == 1, "all of it in one entry"
    workflow.undo()
    assert world(dirty) == before


def test_files_that_are_going_to_be_added_are_a_refusal(batch: Repository) -> None:
    batch.write("gone.txt", "mine\n")
    batch.git("add", "--intent-to-add", "gone.txt")
    before = world(batch)
    output = batch.batchhook("rollback", "1", "--stash", "-y", code=3)
    assert "marked with git add -N, which the stash cannot hold: gone.txt" in output
    assert "nothing was changed" in output
    assert world(batch) == before
    batch.git("reset", "--quiet", "gone.txt")
    batch.batchhook("rollback", "1", "--stash", "-y")
    assert batch.read("gone.txt") == "gone\n"
    batch.batchhook("undo", "-y")
    assert batch.read("gone.txt") == "mine\n"


def test_there_is_no_stash_for_what_comes_from_copies(batch: Repository) -> None:
    batch.batchhook("backup", "1")
    batch.batchhook("rollback", "1", "--from-backup", "-y")
    assert "--stash does not work with --from-backup" in batch.batchhook("undo", "--stash", "-y", code=64)
