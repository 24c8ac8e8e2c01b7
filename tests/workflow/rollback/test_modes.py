"""The modes of a rollback: in the files, by a commit, by moving the branch. Each can be undone and redone."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook import BatchhookError, ConflictError, Workflow
from tests.driving import Repository
from tests.workflow.rollback.world import ten, world

MODES = ("files", "commit", "reset")
MINE = {1: "one", 2: "deux", 10: "mine"}


def _nothing(_: Repository) -> None:
    pass


def _unstaged(batch: Repository) -> None:
    batch.write("ten.txt", ten(MINE))
    batch.write("other.txt", "mine\n")


def _staged(batch: Repository) -> None:
    _unstaged(batch)
    batch.git("add", "ten.txt", "other.txt")
    batch.write("other.txt", "mine, not staged\n")


def _untracked(batch: Repository) -> None:
    batch.write("new/untracked.txt", "mine\n")
    (batch.top / ".git/info/exclude").write_text("ignored.txt\n")
    batch.write("ignored.txt", "mine\n")


@pytest.mark.parametrize("dirty", [_nothing, _unstaged, _staged, _untracked])
@pytest.mark.parametrize("mode", MODES)
def test_each_mode_keeps_work_that_is_not_in_the_way_and_can_be_undone_and_redone(
    batch: Repository, mode: str, dirty: object
) -> None:
    assert callable(dirty)
    dirty(batch)
    workflow = Workflow(batch.top)
    before, base = world(batch), batch.head("HEAD~5")
    workflow.rollback(1, mode=mode)
    after = world(batch)
    expected = ten({}) if dirty in {_nothing, _untracked} else ten({10: "mine"})
    assert batch.read("ten.txt") == expected
    assert "added.txt" not in after.files
    assert batch.read("gone.txt") == "gone\n"
    for name in ("other.txt", "new/untracked.txt", "ignored.txt"):
        assert after.files.get(name) == before.files.get(name)
    if mode == "files":
        assert after.head == before.head
    elif mode == "commit":
        assert batch.git("rev-parse", "HEAD^{tree}") == batch.git("rev-parse", f"{base}^{{tree}}")
        assert batch.head("HEAD~1") == batch.head("HEAD@{1}")
    else:
        assert batch.head() == base
    for _ in range(2):
        assert workflow.undo().status == "done"
        assert world(batch) == before
        assert workflow.redo().status == "done"
        assert world(batch) == after


def test_git_commit_uses_the_prepared_message(batch: Repository) -> None:
    output = batch.batchhook("rollback", "1", "-y")
    assert "git commit keep it; the message is prepared" in " ".join(output.split())
    batch.git("commit", "--quiet", GIT_EDITOR="true")
    message = batch.git("log", "-1", "--format=%B")
    assert message.startswith("Revert batch 1\n\n")
    assert f"    {batch.head('HEAD~5')[:12]} 1\n" in message
    assert message.endswith("Batchhook-Operation: 1")
    assert not (batch.top / ".git/BATCHHOOK_MSG").exists()


def test_undo_removes_the_message_unless_it_was_edited(batch: Repository) -> None:
    workflow, path = Workflow(batch.top), batch.top / ".git/MERGE_MSG"
    workflow.rollback(1)
    workflow.undo()
    assert not path.exists()
    workflow.redo()
    assert "Batchhook-Operation: 3" in path.read_text()
    path.write_text("mine\n")
    workflow.undo()
    assert path.read_text() == "mine\n"


def test_another_message_is_not_overwritten(batch: Repository) -> None:
    (batch.top / ".git/MERGE_MSG").write_text("mine\n")
    assert "git commit" not in batch.batchhook("rollback", "1", "-y")
    assert (batch.top / ".git/MERGE_MSG").read_text() == "mine\n"


def test_a_commit_has_the_users_identity_and_a_trailer(batch: Repository) -> None:
    hook = batch.top / ".git/hooks/commit-msg"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    document = Workflow(batch.top).rollback(1, mode="commit")
    assert document.head == batch.head()
    assert batch.git("log", "-1", "--format=%an %ae %s") == "Ada ada@example.org Revert batch 1"
    assert batch.git("log", "-1", "--format=%(trailers)").strip() == "Batchhook-Operation: 1"
    assert batch.git("status", "--porcelain") == ""


def test_no_commit_without_an_identity(batch: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    before = world(batch)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    output = batch.batchhook("rollback", "1", "--commit", "-y", code=3)
    assert "no Git identity configured" in output
    assert "nothing was changed" in output
    assert world(batch) == before
    batch.batchhook("rollback", "1", "-y")


def test_after_other_commits_a_commit_is_undone_by_a_commit(batch: Repository) -> None:
    workflow = Workflow(batch.top)
    files = world(batch).files
    workflow.rollback(1, mode="commit")
    batch.commit("later")
    workflow.undo()
    assert batch.git("log", "-2", "--format=%s").splitlines() == ["Reapply batch 1", "later"]
    assert batch.git("status", "--porcelain") == ""
    assert world(batch).files == files | {"later.txt": world(batch).files["later.txt"]}
    workflow.redo()
    assert batch.git("log", "-3", "--format=%s").splitlines() == ["later", "Revert batch 1", "5"], "it was not shared"


def test_a_commit_that_was_pushed_is_undone_by_a_commit(batch: Repository, tmp_path: Path) -> None:
    _remote(batch, tmp_path)
    workflow = Workflow(batch.top)
    workflow.rollback(1, mode="commit")
    batch.git("push", "--quiet", "origin", "main")
    workflow.undo()
    assert batch.git("log", "-2", "--format=%s").splitlines() == ["Reapply batch 1", "Revert batch 1"]


def test_a_dropped_commit_leaves_nothing_to_undo(batch: Repository) -> None:
    workflow = Workflow(batch.top)
    workflow.rollback(1, mode="commit")
    batch.git("reset", "--quiet", "--hard", "HEAD~1")
    before = world(batch)
    assert workflow.undo().status == "done"
    assert world(batch) == before
    with pytest.raises(BatchhookError, match="nothing to undo"):
        workflow.undo()


def _remote(batch: Repository, tmp_path: Path) -> None:
    batch.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    batch.git("remote", "add", "origin", str(tmp_path / "remote.git"))


def test_pushed_commits_are_not_reset_unless_forced(batch: Repository, tmp_path: Path) -> None:
    _remote(batch, tmp_path)
    batch.git("push", "--quiet", "origin", "HEAD~4:refs/heads/main")
    before = world(batch)
    output = batch.batchhook("rollback", "1", "--reset", "-y", code=3)
    assert "also on origin/main" in output
    assert world(batch) == before
    base = batch.head("HEAD~5")
    document = Workflow(batch.top).rollback(1, mode="reset", force=True)
    assert (document.head, len(document.dropped_commits)) == (base, 5)
    Workflow(batch.top).undo()
    assert world(batch) == before


@pytest.mark.parametrize(
    ("command", "output"),
    [
        (("branch", "topic", "HEAD~1"), "topic"),
        (("tag", "-a", "-m", "v1", "v1"), "v1"),
        (("worktree", "add", "--quiet", "--detach", "../linked"), "the work tree "),
    ],
)
def test_commits_on_other_refs_are_not_reset(batch: Repository, command: tuple[str, ...], output: str) -> None:
    batch.git(*command)
    before = world(batch)
    with pytest.raises(ConflictError, match=f"also on {output}"):
        Workflow(batch.top).rollback(1, mode="reset")
    assert world(batch) == before


def test_commits_pushed_before_the_batch_are_not_in_the_way(batch: Repository, tmp_path: Path) -> None:
    _remote(batch, tmp_path)
    batch.git("push", "--quiet", "origin", "HEAD~5:refs/heads/main")
    batch.git("tag", "v0", "HEAD~5")
    Workflow(batch.top).rollback(1, mode="reset")
    assert batch.head() == batch.head("v0")


def test_a_reset_is_not_undone_over_new_commits(batch: Repository) -> None:
    workflow = Workflow(batch.top)
    workflow.rollback(1, mode="reset")
    batch.commit("new")
    before = world(batch)
    with pytest.raises(ConflictError, match="has moved on since"):
        workflow.undo()
    assert world(batch) == before


def test_a_reset_after_a_rebase_is_refused(batch: Repository) -> None:
    batch.git("commit", "--quiet", "--amend", "-m", "other words", "--allow-empty", "--date=2001-01-01T00:00:00")
    batch.git("rebase", "--quiet", "--force-rebase", "HEAD~5")
    before = world(batch)
    with pytest.raises(ConflictError, match="no longer consecutive on main"):
        Workflow(batch.top).rollback(1, mode="reset")
    assert world(batch) == before


def test_a_reset_of_the_first_commits_in_history(bare_repository: Repository) -> None:
    bare_repository.batchhook("install")
    for name in "abcde":
        bare_repository.commit(name)
    with pytest.raises(BatchhookError, match="nothing before batch 1"):
        Workflow(bare_repository.top).rollback(1, mode="reset")


def test_an_operation_on_another_branch_is_undone_there(batch: Repository) -> None:
    workflow = Workflow(batch.top)
    workflow.rollback(1, mode="commit")
    batch.git("switch", "--quiet", "--create", "topic")
    with pytest.raises(ConflictError, match="was done on main"):
        workflow.undo()


def test_on_a_detached_head(batch: Repository) -> None:
    batch.git("switch", "--quiet", "--detach")
    before, main = world(batch), batch.head("main")
    workflow = Workflow(batch.top)
    for mode in ("commit", "reset"):
        if mode == "reset":
            batch.git("branch", "--quiet", "-f", "main", "HEAD~5")
        workflow.rollback(1, mode=mode)
        assert batch.read("ten.txt") == ten({})
        workflow.undo()
        assert world(batch).files == before.files
        assert batch.head() == main


def test_the_plan_is_shown_first(batch: Repository) -> None:
    before = world(batch)
    output = batch.batchhook("rollback", "1", "--reset", "--dry-run")
    assert "These commits leave main:" in output
    assert "-deux" in output
    output = batch.batchhook("rollback", "1", "--commit", stdin="n\n")
    assert "with a commit on main" in output
    assert "Nothing was changed." in output
    assert world(batch) == before
    assert batch.json("operations")["operations"] == []


def test_options_that_exclude_each_other(batch: Repository) -> None:
    for words in (
        ("1", "--commit", "--reset"),
        ("1", "--force"),
        ("1", "--reset", "--", "ten.txt"),
        ("--reset", "--change", "HEAD"),
        ("1", "--culprit", "--", "ten.txt"),
        (),
        ("ten.txt",),
        ("3..1",),
        ("1", "--", "../elsewhere"),
    ):
        batch.batchhook("rollback", *words, "-y", code=64)


def test_batchhooks_own_work_trees_do_not_prevent_a_reset(batch: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BATCHHOOK_NO_RUNNER")
    base = batch.head("HEAD~5")
    batch.batchhook("wait", "1", "--timeout", "60", code=3)
    assert str(batch.worktree()) in batch.git("worktree", "list")
    batch.batchhook("rollback", "1", "--reset", "-y")
    assert batch.head() == base
