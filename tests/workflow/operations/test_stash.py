"""Uncommitted work in the way of a rollback: refused with the files, or put aside in git's stash."""

from __future__ import annotations

import pytest

from batchhook import ConflictError, Workflow
from tests.driving import Repository
from tests.workflow.operations.world import ten, world


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
    said = dirty.batchhook("rollback", "1", "-y", code=3)
    assert "in: ten.txt; nothing was touched" in said
    assert "--stash puts them aside" in said
    assert world(dirty) == before


@pytest.mark.parametrize("mode", ["files", "commit", "reset"])
def test_it_is_put_aside_and_undo_brings_it_back(dirty: Repository, mode: str) -> None:
    workflow, before = Workflow(dirty.top), world(dirty)
    document = workflow.rollback(1, mode=mode, stash=True)
    assert document.aside == ("other.txt", "ten.txt")
    after = world(dirty)
    assert dirty.read("ten.txt") == ten({})
    assert dirty.read("other.txt") == "other\n"
    assert dirty.read("untracked.txt") == "mine\n", "in nobody's way"
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
    said = dirty.batchhook("rollback", "1", "--stash", "-y")
    assert "put aside in the stash: other.txt ten.txt" in " ".join(said.split())
    assert "git stash pop" in said
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
    assert (document.stash, document.aside) == ("", ())
    assert batch.read("other.txt") == "mine\n"
    assert batch.git("stash", "list") == ""


def test_an_untracked_file_in_the_way_is_put_aside_too(batch: Repository) -> None:
    batch.write("gone.txt", "mine\n")
    batch.write("untracked.txt", "mine\n")
    workflow, before = Workflow(batch.top), world(batch)
    document = workflow.rollback(1, stash=True)
    assert document.aside == ("gone.txt", "untracked.txt")
    assert batch.read("gone.txt") == "gone\n"
    assert not (batch.top / "untracked.txt").exists()
    assert batch.git("show", "stash@{0}^3:gone.txt") == "mine"
    workflow.undo()
    assert world(batch) == before


def test_what_was_committed_since_is_not_put_aside(batch: Repository) -> None:
    batch.commit("6", ten__txt=ten({1: "committed", 2: "deux"}))
    with pytest.raises(ConflictError, match="was changed since") as raised:
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
