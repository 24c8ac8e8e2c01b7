"""Branches that are renamed, deleted and created again, and detached HEADs that become branches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.driving import Repository

pytestmark = pytest.mark.usefixtures("no_runner")


def open_batches(repository: Repository) -> dict[int, str]:
    entries = [entry["batch"] for entry in repository.json("log")["batches"]]
    return {batch["id"]: batch["branch"] for batch in entries if batch["status"] == "open"}


def test_a_renamed_branch_keeps_its_batches(repository: Repository) -> None:
    for name in "abcdefg":
        repository.commit(name)
    repository.git("branch", "-m", "trunk")
    assert repository.open() == (2, ["f", "g"])
    assert repository.commit("h") == "batchhook: batch 2, 3/5"
    assert repository.json("show", "1")["batch"]["branch"] == "trunk"
    assert open_batches(repository) == {2: "trunk"}


def test_commits_before_a_rename_that_only_the_journal_knows(repository: Repository) -> None:
    for name in "abc":
        repository.commit(name)
    repository.git("branch", "-m", "trunk")
    assert repository.commit("d") == "batchhook: batch 1, 4/5"


def test_a_branch_renamed_twice_and_back(repository: Repository) -> None:
    repository.commit("a")
    repository.git("branch", "-m", "one")
    repository.git("branch", "-m", "two")
    assert repository.commit("b") == "batchhook: batch 1, 2/5"
    repository.git("branch", "-m", "three")
    repository.git("branch", "-m", "main")
    assert repository.commit("c") == "batchhook: batch 1, 3/5"
    assert open_batches(repository) == {1: "main"}


def test_a_branch_renamed_in_another_work_tree(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    side = Repository(tmp_path / "side")
    side.commit("s")
    side.git("branch", "-m", "other")
    repository.commit("a")
    assert open_batches(repository) == {1: "other", 2: "main"}
    assert side.commit("t") == "batchhook: batch 1, 2/5"


def test_a_branch_renamed_over_a_deleted_one(repository: Repository) -> None:
    for name in "abcdef":
        repository.commit(name)
    repository.git("switch", "--quiet", "-c", "new", "HEAD~6")
    repository.commit("n")
    assert repository.commit("m") == "batchhook: batch 3, 2/5"
    repository.git("branch", "-D", "main")
    repository.git("branch", "-m", "main")
    assert repository.commit("o") == "batchhook: batch 3, 3/5"
    assert open_batches(repository) == {3: "main"}
    output = repository.batchhook("rollback", "1", "--dry-run", code=3)
    assert "batch 1 is on main (deleted)" in output
    assert f"git switch --detach {repository.json('show', '1')['batch']['head'][:8]}" in output


def test_a_branch_renamed_over_another_by_force(repository: Repository) -> None:
    repository.commit("a")
    repository.git("switch", "--quiet", "-c", "new")
    repository.commit("n")
    repository.git("branch", "-M", "main")
    assert repository.commit("o") == "batchhook: batch 2, 2/5"
    assert open_batches(repository) == {2: "main"}


def test_a_name_that_was_given_away_starts_anew(repository: Repository) -> None:
    for name in "abcdef":
        repository.commit(name)
    repository.git("branch", "-m", "main", "old")
    repository.git("switch", "--quiet", "-c", "main", "old~6")
    assert repository.commit("x") == "batchhook: batch 3, 1/5"
    repository.git("switch", "--quiet", "old")
    assert repository.open() == (2, ["f"])


def test_a_deleted_branchs_open_batch_is_closed(repository: Repository) -> None:
    repository.git("switch", "--quiet", "-c", "topic")
    repository.commit("t")
    repository.git("switch", "--quiet", "main")
    repository.git("branch", "-D", "topic")
    assert repository.commit("a") == "batchhook: batch 2, 1/5"
    assert open_batches(repository) == {2: "main"}
    assert "batch 1 was the open batch of topic, which does not exist any more" in repository.batchhook(
        "show", "1", code=3
    )


def test_a_deleted_branch_that_comes_back(repository: Repository) -> None:
    repository.git("switch", "--quiet", "-c", "topic")
    repository.commit("t")
    repository.commit("u")
    tip = repository.head()
    repository.git("switch", "--quiet", "main")
    repository.git("branch", "-D", "topic")
    assert open_batches(repository) == {}
    repository.git("switch", "--quiet", "-c", "topic", tip)
    assert repository.commit("v") == "batchhook: batch 2, 3/5"


def test_a_sealed_batch_of_a_deleted_branch_says_how_to_go_there(repository: Repository) -> None:
    repository.git("switch", "--quiet", "-c", "topic")
    for name in "abcde":
        repository.commit(name)
    tip = repository.head()
    repository.git("switch", "--quiet", "main")
    repository.git("branch", "-D", "topic")
    assert f"git switch -c topic {tip[:8]}" in repository.batchhook("rollback", "1", "--dry-run", code=3)


def test_a_packed_branch_is_not_deleted(repository: Repository) -> None:
    repository.git("switch", "--quiet", "-c", "topic")
    repository.commit("t")
    repository.git("switch", "--quiet", "main")
    repository.git("pack-refs", "--all", "--prune")
    repository.commit("a")
    assert open_batches(repository) == {1: "topic", 2: "main"}
    assert "git switch topic" in repository.batchhook("show", "1", code=3)


def test_a_branch_created_at_a_detached_head_takes_its_batch_along(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--detach")
    repository.commit("d")
    repository.commit("e")
    repository.git("switch", "--quiet", "-c", "fix")
    assert repository.open() == (1, ["d", "e"])
    assert repository.commit("f") == "batchhook: batch 1, 3/5"


def test_the_open_batch_of_a_detached_head_says_how_to_go_there(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--detach")
    repository.commit("d")
    tip = repository.head()
    repository.git("switch", "--quiet", "main")
    output = repository.batchhook("show", "1", code=3)
    assert "batch 1 is the open batch of a detached HEAD" in output
    assert f"git switch --detach {tip[:8]}" in output


def test_the_detached_head_of_a_removed_work_tree(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "side"))
    Repository(tmp_path / "side").commit("s")
    repository.git("worktree", "remove", str(tmp_path / "side"))
    assert open_batches(repository) == {}
    assert repository.commit("a") == "batchhook: batch 2, 1/5"


def test_a_branch_renamed_before_its_first_commit(bare_repository: Repository) -> None:
    bare_repository.batchhook("install")
    bare_repository.write("a.txt", "a")
    bare_repository.batchhook("record", "-d", "recorded", "--no-wait")
    bare_repository.git("branch", "-m", "trunk")
    assert bare_repository.open() == (1, ["recorded"])
    bare_repository.commit("b")
    assert bare_repository.open() == (1, ["recorded", "b"])
