"""Counting is derived from the commit graph: real hooks and real Git, whatever a user does."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.driving import Repository

pytestmark = pytest.mark.usefixtures("no_runner")


def test_each_commit_prints_one_line(repository: Repository) -> None:
    assert repository.commit("a") == "batchhook: batch 1, 1/5"
    assert repository.commit("b") == "batchhook: batch 1, 2/5"
    assert repository.open() == (1, ["a", "b"])


def test_existing_commits_do_not_count(repository: Repository) -> None:
    assert repository.open() == (1, [])


def test_a_repositorys_very_first_commit_counts(bare_repository: Repository) -> None:
    bare_repository.batchhook("install")
    assert bare_repository.commit("root") == "batchhook: batch 1, 1/5"
    assert bare_repository.commit("next") == "batchhook: batch 1, 2/5"


def test_five_fill_a_batch_and_the_sixth_begins_the_next(repository: Repository) -> None:
    output = [repository.commit(name) for name in "abcdef"]
    assert "batch 1 is full (5/5)" in output[4]
    assert output[5].endswith("batchhook: batch 2, 1/5")
    batch = repository.json("show", "1")["batch"]
    assert [change["summary"] for change in batch["changes"]] == list("abcde")
    assert batch["base"] == repository.head("HEAD~6")
    assert batch["head"] == repository.head("HEAD~1")
    assert repository.head("refs/batchhook/batches/1/base") == batch["base"]
    assert repository.head("refs/batchhook/batches/1/head") == batch["head"]


def test_the_file_edits_of_a_change(repository: Repository) -> None:
    repository.commit("edit", README__md="bye\n", new__txt="")
    (change,) = repository.json("show", "1")["batch"]["changes"]
    assert [(file["path"], file["status"], file["mode"]) for file in change["files"]] == [
        ("README.md", "modified", "100644"),
        ("new.txt", "added", "100644"),
    ]
    assert change["files"][1]["sha256"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_amend_replaces(repository: Repository) -> None:
    repository.commit("a")
    repository.commit("b")
    assert repository.commit("b, better", "--amend") == "batchhook: batch 1, 2/5"
    assert repository.open() == (1, ["a", "b, better"])


def test_rewording_the_last_change_of_a_sealed_batch_counts_nothing(repository: Repository) -> None:
    for name in "abcde":
        repository.commit(name)
    repository.git("commit", "--quiet", "--amend", "-m", "e, reworded")
    assert repository.open() == (2, [])


def test_amending_the_content_of_a_sealed_batchs_last_change_is_a_new_change(repository: Repository) -> None:
    for name in "abcde":
        repository.commit(name)
    repository.commit("e, fixed", "--amend")
    assert repository.open() == (2, ["e, fixed"])


def test_reset_removes_changes(repository: Repository) -> None:
    for name in "abc":
        repository.commit(name)
    repository.git("reset", "--hard", "--quiet", "HEAD~2")
    assert repository.open() == (1, ["a"])
    assert repository.commit("d") == "batchhook: batch 1, 2/5"


def test_an_empty_commit_does_not_count(repository: Repository) -> None:
    repository.commit("a")
    output = repository.git_both("commit", "--allow-empty", "--quiet", "-m", "nothing").stderr.strip()
    assert output == "batchhook: batch 1, 1/5"
    assert repository.open() == (1, ["a"])


def test_no_verify_and_cherry_pick_count(repository: Repository) -> None:
    repository.git("switch", "--quiet", "-c", "topic")
    repository.commit("t")
    repository.git("switch", "--quiet", "main")
    assert repository.commit("a", "--no-verify") == "batchhook: batch 2, 1/5"
    repository.git("cherry-pick", "topic")
    assert repository.open() == (2, ["a", "t"])


def test_a_merge_counts_one(repository: Repository) -> None:
    repository.git("switch", "--quiet", "-c", "topic")
    for name in "xyz":
        repository.commit(name)
    repository.git("switch", "--quiet", "main")
    repository.commit("a")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merged", "topic")
    assert repository.open() == (2, ["a", "merged"])


def test_a_merge_that_fills_a_batch_seals_it_at_once(repository: Repository) -> None:
    repository.git("switch", "--quiet", "-c", "topic")
    repository.commit("t")
    repository.git("switch", "--quiet", "main")
    for name in "abcd":
        repository.commit(name)
    output = repository.git_both("merge", "--quiet", "--no-ff", "-m", "merged", "topic").stderr.splitlines()
    assert output[0] == "batchhook: batch 2 is full (5/5), its tests run in the background"


def test_only_a_merge_that_is_made_here_prints_the_count(repository: Repository, tmp_path: Path) -> None:
    repository.commit("a")
    repository.git("clone", "--quiet", str(repository.top), str(tmp_path / "other"))
    other = Repository(tmp_path / "other")
    other.git("switch", "--quiet", "-c", "topic")
    other.commit("t")
    other.git("switch", "--quiet", "main")
    other.git("merge", "--quiet", "--no-ff", "-m", "theirs", "topic")
    pull = ("pull", "--quiet", "--no-rebase", str(tmp_path / "other"), "main")
    assert "batchhook" not in repository.git_both(*pull).stderr
    repository.git("switch", "--quiet", "-c", "side", "HEAD~1")
    repository.commit("s")
    repository.git("switch", "--quiet", "main")
    assert "batchhook" not in repository.git_both("merge", "--quiet", "--squash", "side").stderr
    repository.git("reset", "--hard", "--quiet")
    assert repository.git_both("merge", "--quiet", "-m", "ours", "side").stderr.strip() == "batchhook: batch 1, 2/5"
    assert repository.open() == (1, ["a", "ours"])


def format_patches(repository: Repository, names: str) -> list[str]:
    """Return the files with the patches of commits on another branch."""
    repository.git("switch", "--quiet", "-c", "topic")
    for name in names:
        repository.commit(name)
    repository.git("switch", "--quiet", "main")
    return repository.git("format-patch", "--output-directory", "../patches", "main..topic").split()


def test_patches_are_counted_after_the_last_one(repository: Repository) -> None:
    patches = format_patches(repository, "xyz")
    for name in "abc":
        repository.commit(name)
    output = repository.git_both("am", "--quiet", *patches).stderr.splitlines()
    assert output == [
        "batchhook: batch 2 is full (5/5), its tests run in the background",
        "batchhook: batch 3, 1/5",
        "batchhook: to follow it: batchhook wait 2",
    ]
    assert repository.open() == (3, ["z"])
    assert repository.commit("d") == "batchhook: batch 3, 2/5"


def test_patches_of_which_one_conflicts(repository: Repository) -> None:
    patches = format_patches(repository, "xyz")
    repository.commit("y", y__txt="mine\n")
    assert "batchhook" not in repository.git_both("am", "--quiet", *patches, check=False).stderr
    assert "batch 2, 3/5" in repository.git_both("am", "--quiet", "--skip").stderr
    assert repository.open() == (2, ["y", "x", "z"])


def test_patches_in_a_linked_work_tree_and_on_no_branch(repository: Repository) -> None:
    patches = [str(repository.top / patch) for patch in format_patches(repository, "x")]
    repository.git("worktree", "add", "--quiet", "--detach", "../linked")
    linked = Repository(repository.top.parent / "linked")
    assert linked.git_both("am", "--quiet", *patches).stderr.strip() == "batchhook: batch 2, 1/5"
    linked.git("switch", "--quiet", "-c", "mine", "main")
    assert linked.git_both("am", "--quiet", *patches).stderr.strip() == "batchhook: batch 3, 1/5"


def test_a_fast_forward_does_not_fill_a_batch(repository: Repository) -> None:
    repository.git("switch", "--quiet", "-c", "topic")
    for name in "xyz":
        repository.commit(name)
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--ff-only", "topic")
    assert repository.commit("a") == "batchhook: batch 2, 1/5"
    assert repository.open() == (2, ["a"])


def test_pulled_commits_do_not_count(repository: Repository, tmp_path: Path) -> None:
    repository.git("clone", "--quiet", str(repository.top), str(tmp_path / "theirs"))
    theirs = Repository(tmp_path / "theirs")
    repository.commit("mine")
    theirs.git("pull", "--quiet")
    for name in "pqr":
        theirs.commit(name)
    repository.git("pull", "--quiet", "--ff-only", str(theirs.top), "main")
    assert repository.open() == (1, ["mine"])
    assert repository.commit("mine too") == "batchhook: batch 1, 2/5"


def test_a_rebase_keeps_the_count(repository: Repository) -> None:
    repository.git("branch", "upstream")
    for name in "abc":
        repository.commit(name)
    _upstream(repository)
    output = repository.git_both("rebase", "--quiet", "upstream").stderr.strip()
    assert output == "batchhook: batch 1, 3/5"
    assert repository.open() == (1, ["a", "b", "c"])


def test_a_rebase_does_not_count_a_sealed_batch_again(repository: Repository) -> None:
    repository.git("branch", "upstream")
    for name in "abcdef":
        repository.commit(name)
    _upstream(repository)
    repository.git("rebase", "--quiet", "upstream")
    assert repository.open() == (2, ["f"])


@pytest.mark.parametrize("names", ["abc", "abcdef"])
def test_a_rebase_without_the_post_rewrite_hook_is_recognised(repository: Repository, names: str) -> None:
    (repository.top / ".git/hooks/post-rewrite").unlink()
    repository.git("branch", "upstream")
    for name in names:
        repository.commit(name)
    _upstream(repository)
    repository.git("rebase", "--quiet", "upstream")
    expected = (1, ["a", "b", "c"]) if names == "abc" else (2, ["f"])
    assert repository.open() == expected


def test_commits_without_the_hook_are_found(repository: Repository) -> None:
    hook = repository.top / ".git/hooks/post-commit"
    hook.rename(hook.with_name("away"))
    for name in "abcdefg":
        repository.commit(name)
    assert repository.open() == (2, ["f", "g"])
    assert [entry["batch"]["id"] for entry in repository.json("log")["batches"]] == [2, 1]


def test_nothing_is_counted_during_a_rebase(repository: Repository) -> None:
    repository.commit("a")
    repository.commit("b")
    repository.git("rebase", "--quiet", "-i", "HEAD~1", GIT_SEQUENCE_EDITOR="sed -i s/pick/edit/")
    assert repository.json("status")["open"] is None
    assert repository.commit("in the middle") == ""
    assert repository.git_both("rebase", "--continue").stderr.splitlines()[0] == "batchhook: batch 1, 3/5"


def test_branches_have_their_own_open_batches(repository: Repository) -> None:
    repository.commit("a")
    repository.git("switch", "--quiet", "-c", "topic/one")
    assert repository.commit("t") == "batchhook: batch 2, 1/5"
    repository.git("switch", "--quiet", "main")
    assert repository.commit("b") == "batchhook: batch 1, 2/5"


def test_a_printed_number_is_given_to_no_other_branch(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    side = Repository(tmp_path / "side")
    for name in "abcde":
        repository.commit(name)
    assert repository.commit("f") == "batchhook: batch 2, 1/5"  # printed by sh, without the database
    assert side.commit("s") == "batchhook: batch 3, 1/5"
    assert repository.commit("g") == "batchhook: batch 2, 2/5"


def test_a_size_for_one_command_does_not_last(repository: Repository) -> None:
    repository.commit("a")
    repository.batchhook("--batch-size", "9", "status")
    assert repository.commit("b") == "batchhook: batch 1, 2/5"


def test_a_git_dir_apart_from_its_work_tree_is_refused(repository: Repository, tmp_path: Path) -> None:
    other = tmp_path / "other.git"
    repository.git("init", "--quiet", "--bare", str(other))
    variables = {"GIT_DIR": str(other), "GIT_WORK_TREE": str(repository.top)}
    output = repository.batchhook("install", code=3, **variables)
    assert "is not the repository of" in output


def test_linked_worktrees_have_their_own_open_batches(repository: Repository, tmp_path: Path) -> None:
    repository.commit("a")
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    side = Repository(tmp_path / "side")
    assert side.commit("s") == "batchhook: batch 2, 1/5"
    assert repository.commit("b") == "batchhook: batch 1, 2/5"


def test_a_detached_head_has_its_own_open_batch(repository: Repository) -> None:
    repository.commit("a")
    repository.git("switch", "--quiet", "--detach")
    assert repository.commit("d") == "batchhook: batch 2, 1/5"
    assert repository.commit("e") == "batchhook: batch 2, 2/5"


def test_the_size_is_configured_in_the_project(repository: Repository) -> None:
    repository.commit("a")
    output = repository.commit("configured", pyproject__toml="[tool.batchhook]\nbatch_size = 2\n")
    assert "batch 1 is full (2/2)" in output


def test_the_size_by_environment_and_by_flag(repository: Repository) -> None:
    repository.commit("a")
    output = repository.git_both("commit", "--allow-empty", "-qm", "x", BATCHHOOK_BATCH_SIZE="1").stderr
    assert "batch 1 is full (1/1)" in output
    repository.commit("b")
    repository.commit("c")
    assert repository.json("--batch-size", "2", "status")["open"]["changes"] == []


def test_a_commit_that_a_test_makes_is_not_counted(repository: Repository) -> None:
    assert repository.git_both("commit", "--allow-empty", "-qm", "by a test", BATCHHOOK_RUNNING="1").stderr == ""


def test_the_ordinary_commit_needs_no_python(repository: Repository) -> None:
    repository.commit("a")
    hook = repository.top / ".git/hooks/post-commit"
    text = hook.read_text()
    hook.write_text(text.replace("BATCHHOOK_INTERPRETER=", "BATCHHOOK_INTERPRETER=/nowhere"))
    assert repository.commit("b") == "batchhook: batch 1, 2/5"
    repository.commit("c", "--amend")  # not ordinary
    assert "run: batchhook install" in repository.commit("d", "--amend")


def test_a_commit_is_noted_before_python_starts(repository: Repository) -> None:
    """Whatever stops Python, the commit counts later, even without reflogs to find it in."""
    hook = repository.top / ".git/hooks/post-commit"
    text = hook.read_text()
    killed = repository.top / ".git/killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    hook.write_text(text.replace("BATCHHOOK_INTERPRETER=", f"BATCHHOOK_INTERPRETER={killed} #"))
    _drop_reflogs(repository)
    repository.commit("first commit of a branch")
    repository.commit("reworded", "--amend")
    hook.write_text(text)
    _drop_reflogs(repository)
    assert repository.open() == (1, ["reworded"])


def test_a_hint_that_another_hook_has_read_is_not_lost(repository: Repository, tmp_path: Path) -> None:
    """The hook of a new branch and one of another branch at the same time, without reflogs."""
    hook = repository.top / ".git/hooks/post-commit"
    text = hook.read_text()
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    _drop_reflogs(repository)
    side = Repository(tmp_path / "side")
    status = f"{sys.executable} -E -m batchhook -C {repository.top} --json status >/dev/null 2>&1 # runs first"
    hook.write_text(text.replace("    top=$PWD\n", f"    top=$PWD\n    env -i HOME=$HOME PATH=$PATH {status}\n"))
    assert side.commit("s").startswith("batchhook: batch 1, 1/5")
    assert side.open() == (1, ["s"])


def test_a_hook_that_is_overtaken_counts_the_later_commit_too(repository: Repository) -> None:
    hook = repository.top / ".git/hooks/post-commit"
    text = hook.read_text()
    second = "git -c core.hooksPath=$PWD/.git/plain commit --quiet --allow-empty-message -m b -- b.txt"
    plain = repository.top / ".git/plain/post-commit"
    plain.parent.mkdir()
    plain.write_text(text)
    plain.chmod(0o755)
    repository.write("b.txt", "1")
    repository.git("add", "b.txt")
    repository.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "-m", "b, before")
    repository.write("b.txt", "2")
    hook.write_text(text.replace("    top=$PWD\n", f"    top=$PWD\n    {second} 2>/dev/null\n"))
    repository.write("a.txt", "1")
    repository.git("add", "a.txt")
    lines = repository.git_both("commit", "--quiet", "-m", "a", "--", "a.txt").stderr.splitlines()
    hook.write_text(text)
    assert lines[-1] == "batchhook: batch 1, 3/5"
    assert repository.open() == (1, ["b, before", "a", "b"])


def _drop_reflogs(repository: Repository) -> None:
    repository.git("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(repository.top / ".git/logs", ignore_errors=True)


def test_a_detached_head_of_a_linked_worktree_counts_without_reflogs(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "side"))
    _drop_reflogs(repository)
    side = Repository(tmp_path / "side")
    assert side.commit("s") == "batchhook: batch 1, 1/5"
    assert (repository.top / ".git/batchhook/journal").read_text().startswith("commit HEAD@side ")


def test_a_hook_never_fails_a_commit(repository: Repository) -> None:
    repository.commit("a")
    (repository.top / ".git/batchhook/state.db").write_bytes(b"no database at all, for long enough a file" * 100)
    done = repository.git_both("commit", "--allow-empty", "-m", "x")
    assert done.returncode == 0
    assert "damaged" in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("batchhook")]) == 1
    assert "Traceback" in (repository.top / ".git/batchhook/batchhook.log").read_text()


def test_a_read_only_state_is_reported_and_harmless(repository: Repository) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (repository.top / ".git/batchhook").chmod(0o500)
    try:
        assert "batchhook" in repository.commit("a")
    finally:
        (repository.top / ".git/batchhook").chmod(0o700)


def _upstream(repository: Repository) -> None:
    """Commit on another branch, so that a rebase has something to do."""
    repository.git("switch", "--quiet", "upstream")
    repository.git("-c", "core.hooksPath=/dev/null", "commit", "--allow-empty", "-qm", "theirs")
    repository.write("theirs.txt", "theirs")
    repository.git("add", "--all")
    repository.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", "theirs too")
    repository.git("switch", "--quiet", "main")
