"""Commits that hold just what was rolled back fill no batch."""

from __future__ import annotations

import pytest

from batchhook import Workflow
from tests.driving import Repository


def _open(batch: Repository) -> list[str]:
    return batch.open()[1]


def test_the_commit_of_the_prepared_message(batch: Repository) -> None:
    batch.commit("6")
    batch.batchhook("rollback", "1", "-y")
    output = batch.git_both("commit", "--quiet", GIT_EDITOR="true").stderr
    assert "batch 2, 1/5" in output
    assert "batch 2, 2/5" in batch.commit("7")
    assert _open(batch) == ["6", "7"]


def test_a_commit_with_words_of_the_users_own(batch: Repository) -> None:
    batch.batchhook("rollback", "1", "-y")
    assert "batch 2, 0/5" in batch.git_both("commit", "--quiet", "-m", "mine").stderr
    assert not (batch.top / ".git/BATCHHOOK_MSG").exists()
    assert "batch 2, 1/5" in batch.commit("6")


def test_a_commit_without_any_hook(batch: Repository) -> None:
    batch.batchhook("rollback", "1", "-y")
    batch.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "-m", "mine")
    assert _open(batch) == []


def test_in_several_commits_with_another_one_between(batch: Repository) -> None:
    batch.batchhook("rollback", "1", "-y")
    batch.git("commit", "--quiet", "-m", "a part", "ten.txt")
    batch.write("other.txt", "mine\n")
    batch.git("commit", "--quiet", "-m", "a change", "other.txt")
    batch.git("commit", "--quiet", "-m", "the rest")
    assert _open(batch) == ["a change"]
    assert not (batch.top / ".git/BATCHHOOK_MSG").exists()


def test_with_more_in_it_it_is_a_change(batch: Repository) -> None:
    batch.batchhook("rollback", "1", "-y")
    batch.write("other.txt", "mine\n")
    batch.git("commit", "--quiet", "-a", "-m", "more")
    assert _open(batch) == ["more"]


def test_what_is_thrown_away_leaves_no_mark(batch: Repository) -> None:
    batch.batchhook("rollback", "1", "-y")
    batch.git("reset", "--quiet", "--hard")
    batch.batchhook("status")
    assert not (batch.top / ".git/BATCHHOOK_MSG").exists()
    assert not (batch.top / ".git/MERGE_MSG").exists()


@pytest.mark.parametrize("words", [True, False])
def test_after_an_amend_and_a_rebase(batch: Repository, words: bool) -> None:  # noqa: FBT001 - both ways
    batch.commit("6", six__txt="6\n")
    batch.batchhook("rollback", "1", "-y")
    batch.git("commit", "--quiet", *(("-m", "mine") if words else ()), GIT_EDITOR="true")
    batch.git("commit", "--quiet", "--amend", "-m", "other words")
    assert _open(batch) == ["6"]
    batch.git("rebase", "--quiet", "--force-rebase", "HEAD~2")
    assert _open(batch) == ["6"]
    batch.commit("7")
    assert _open(batch) == ["6", "7"]


def test_squashed_with_a_change_it_counts(batch: Repository) -> None:
    Workflow(batch.top).rollback(1, mode="commit")
    batch.commit("6", six__txt="6\n")
    editor = "sed -i -e 2s/pick/squash/"
    batch.git("rebase", "--quiet", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR=editor, GIT_EDITOR="true")
    assert batch.git("log", "-1", "--format=%p %s").endswith("Revert batch 1")
    assert len(_open(batch)) == 1


def test_commits_of_rollback_undo_and_redo(batch: Repository) -> None:
    workflow = Workflow(batch.top)
    batch.commit("6")
    workflow.rollback(1, mode="commit")
    batch.commit("7")
    workflow.undo()
    batch.commit("8")
    assert _open(batch) == ["6", "7", "8"]
    assert batch.git("log", "-5", "--format=%s").splitlines() == [
        "8",
        "Reapply batch 1",
        "7",
        "Revert batch 1",
        "6",
    ]


def test_what_is_brought_back_and_committed(batch: Repository) -> None:
    workflow = Workflow(batch.top)
    workflow.rollback(1)
    batch.git("commit", "--quiet", GIT_EDITOR="true")
    workflow.undo()
    batch.git("commit", "--quiet", GIT_EDITOR="true")
    assert batch.git("log", "-1", "--format=%s") == "Reapply batch 1"
    assert _open(batch) == []


def test_a_cherry_picked_one(batch: Repository) -> None:
    Workflow(batch.top).rollback(1, mode="commit")
    batch.git("switch", "--quiet", "--create", "topic", "HEAD~1")
    batch.commit("t")
    batch.git("cherry-pick", "main")
    assert _open(batch) == ["t"]


def test_two_that_wait_are_both_told(batch: Repository) -> None:
    for number in range(6, 11):
        batch.commit(str(number))
    workflow = Workflow(batch.top)
    workflow.rollback(1)
    workflow.rollback(2)
    output = (batch.top / ".git/MERGE_MSG").read_text()
    assert output.startswith("Revert batch 1, batch 2\n")
    assert output.endswith("Batchhook-Operation: 1\nBatchhook-Operation: 2\n")
    workflow.undo()
    assert (batch.top / ".git/MERGE_MSG").read_text().startswith("Revert batch 1\n")
    workflow.redo()
    batch.git("commit", "--quiet", GIT_EDITOR="true")
    assert _open(batch) == []


def test_one_that_is_picked_from_another_branch(batch: Repository) -> None:
    batch.git("switch", "--quiet", "-c", "other")
    Workflow(batch.top).rollback(1, mode="commit")
    batch.commit("plain", seven__txt="7\n")
    batch.git("switch", "--quiet", "main")
    batch.commit("6", six__txt="6\n")
    (batch.top / ".git/batchhook/waiting").unlink()  # as after the runs: the hook answers without Python
    picked = batch.git_both("cherry-pick", "other~1", "other")
    assert [line for line in picked.stderr.splitlines() if "batchhook" in line] == [
        "batchhook: batch 3, 1/5",
        "batchhook: batch 3, 2/5",
    ]
    assert _open(batch) == ["6", "plain"]
