"""rollback and undo: files come back, other work stays, nothing is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.driving import Repository
from tests.workflow.rollback.world import ten, world


def test_the_files_are_as_before_the_batch(batch: Repository) -> None:
    head = batch.head()
    done = batch.json("rollback", "1", "-y")
    assert {file["path"]: file["action"] for file in done["files"]} == {
        "added.txt": "deleted",
        "gone.txt": "recreated",
        "ten.txt": "restored",
    }
    assert batch.read("ten.txt") == ten({})
    assert batch.read("gone.txt") == "gone\n"
    assert not (batch.top / "added.txt").exists()
    assert batch.git("write-tree") == batch.git("rev-parse", "HEAD~5^{tree}")
    assert batch.head() == head
    assert batch.git("diff") == ""


def test_undo_restores_the_exact_state(batch: Repository) -> None:
    batch.write("other.txt", "staged\n")
    batch.git("add", "other.txt")
    batch.write("other.txt", "not staged\n")
    batch.write("untracked.txt", "untracked\n")
    before = world(batch)
    batch.batchhook("rollback", "1", "-y")
    assert world(batch) != before
    batch.batchhook("undo", "-y")
    assert world(batch) == before
    assert "nothing to undo" in batch.batchhook("undo", "-y", code=3)


def test_uncommitted_and_untracked_work_elsewhere_stays(batch: Repository) -> None:
    batch.write("other.txt", "mine\n")
    batch.write("untracked.txt", "untracked\n")
    batch.write("ten.txt", ten({1: "one", 2: "deux", 10: "mine"}))
    batch.batchhook("rollback", "1", "-y")
    assert batch.read("other.txt") == "mine\n"
    assert batch.read("untracked.txt") == "untracked\n"
    assert batch.read("ten.txt") == ten({10: "mine"})
    assert batch.git("diff", "--name-only").split() == ["other.txt", "ten.txt"]


def test_later_batches_stay(batch: Repository) -> None:
    batch.commit("6", ten__txt=ten({1: "one", 2: "deux", 9: "nine"}), later__txt="later\n")
    done = batch.json("rollback", "1", "-y")
    assert {"path": "ten.txt", "action": "merged"} in done["files"]
    assert batch.read("ten.txt") == ten({9: "nine"})
    assert batch.read("later.txt") == "later\n"


def test_the_same_lines_changed_since_are_a_refusal(batch: Repository) -> None:
    batch.write("ten.txt", ten({1: "mine"}))
    before = world(batch)
    output = batch.batchhook("rollback", "1", "-y", code=3)
    assert "ten.txt" in output
    assert "nothing was changed" in output
    assert world(batch) == before
    assert batch.json("operations")["operations"] == []


def test_an_untracked_file_in_the_way_is_a_refusal(batch: Repository) -> None:
    batch.write("gone.txt", "mine, and precious\n")
    before = world(batch)
    batch.batchhook("rollback", "1", "-y", code=3)
    assert world(batch) == before


def test_an_ignored_file_in_the_way_is_never_overwritten(batch: Repository) -> None:
    (batch.top / ".git/info/exclude").write_text("gone.txt\n")
    batch.write("gone.txt", "ignored, and precious\n")
    before = world(batch)
    batch.batchhook("rollback", "1", "-y", code=3)
    assert world(batch) == before


def test_a_dry_run_shows_the_diff_and_changes_nothing(batch: Repository) -> None:
    before = world(batch)
    output = batch.batchhook("rollback", "1", "--dry-run")
    assert "-deux" in output
    assert "+line 2" in output
    assert world(batch) == before


def test_nothing_is_done_without_consent(batch: Repository) -> None:
    before = world(batch)
    assert "Nothing was changed" in batch.batchhook("rollback", "1", stdin="n\n")
    assert world(batch) == before
    batch.batchhook("rollback", "1", stdin="y\n")
    assert world(batch) != before


def test_everything_is_pinned(batch: Repository) -> None:
    batch.write("untracked.txt", "untracked\n")
    batch.batchhook("rollback", "1", "-y")
    pinned = "refs/batchhook/operations/1/before"
    assert batch.git("show", f"{pinned}:untracked.txt") == "untracked"
    assert batch.head(f"{pinned}^1") == batch.head()
    assert batch.git("rev-parse", f"{pinned}^2^{{tree}}") == batch.git("rev-parse", "HEAD^{tree}")


def test_changes_pulled_in_between_stay(repository: Repository, tmp_path: Path) -> None:
    repository.git("clone", "--quiet", str(repository.top), str(tmp_path / "theirs"))
    theirs = Repository(tmp_path / "theirs")
    repository.commit("a")
    repository.commit("b")
    theirs.git("pull", "--quiet")
    theirs.commit("theirs")
    repository.git("pull", "--quiet", "--ff-only", str(theirs.top), "main")
    for name in "cde":
        repository.commit(name)
    repository.batchhook("rollback", "1", "-y")
    assert sorted(path.name for path in repository.top.glob("*.txt")) == ["theirs.txt"]


def test_rolling_back_twice_does_nothing_the_second_time(batch: Repository) -> None:
    batch.batchhook("rollback", "1", "-y")
    again = batch.json("rollback", "1", "-y")
    assert (again["id"], again["status"], again["files"], again["diff"]) == (None, "planned", [], "")
    assert len(batch.json("operations")["operations"]) == 1


def test_undo_after_the_rollback_was_committed(batch: Repository) -> None:
    files = world(batch).files
    batch.batchhook("rollback", "1", "-y")
    batch.git("commit", "-qm", "Revert batch 1")
    batch.batchhook("undo", "-y")
    assert world(batch).files == files


def test_a_batch_of_the_first_commits_in_history(bare_repository: Repository) -> None:
    bare_repository.batchhook("install")
    for name in "abcde":
        bare_repository.commit(name)
    bare_repository.batchhook("rollback", "1", "-y")
    assert list(bare_repository.top.glob("*.txt")) == []
    bare_repository.batchhook("undo", "-y")
    assert len(list(bare_repository.top.glob("*.txt"))) == 5


def test_files_in_a_submodule_are_never_changed(repository: Repository, tmp_path: Path) -> None:
    library = Repository(tmp_path / "library")
    library.top.mkdir()
    library.git("init", "-q")
    library.commit("one", f__txt="one\n")
    allow = ("-c", "protocol.file.allow=always")
    repository.git(*allow, "submodule", "add", "-q", str(library.top), "sm")
    repository.commit("with submodule")
    library.commit("two", f__txt="two\n")
    repository.git(*allow, "submodule", "update", "-q", "--remote")
    for name in "abcd":
        repository.commit(name)
    repository.git("config", "submodule.recurse", "true")
    repository.write("sm/f.txt", "precious\n")
    repository.batchhook("rollback", "1", "-y")
    assert repository.read("sm/f.txt") == "precious\n"
    repository.batchhook("undo", "-y")
    assert repository.read("sm/f.txt") == "precious\n"


@pytest.mark.parametrize("bit", ["--skip-worktree", "--assume-unchanged"])
def test_files_hidden_from_git_are_refused(batch: Repository, bit: str) -> None:
    batch.git("update-index", bit, "ten.txt")
    before = world(batch)
    assert "git is set to ignore changes to ten.txt" in batch.batchhook("rollback", "1", "-y", code=3)
    assert world(batch) == before


def test_with_a_split_index(batch: Repository) -> None:
    batch.git("update-index", "--split-index")
    batch.commit("6", ten__txt=ten({1: "one", 2: "deux", 9: "nine"}))  # so that contents have to be merged
    before = world(batch)
    batch.batchhook("rollback", "1", "-y")
    assert batch.read("ten.txt") == ten({9: "nine"})
    batch.batchhook("undo", "-y")
    assert world(batch) == before


def test_leftovers_of_a_kill_are_not_in_the_way(batch: Repository) -> None:
    (batch.top / ".git/batchhook-index").write_bytes(b"half an index")
    (batch.top / ".git/batchhook-index.lock").touch()
    batch.batchhook("rollback", "1", "-y")
    assert batch.read("ten.txt") == ten({})


def test_unsolved_conflicts_of_a_stash_are_a_refusal(batch: Repository) -> None:
    batch.write("other.txt", "stashed\n")
    batch.git("stash")
    batch.commit("6", other__txt="committed\n")
    batch.git("stash", "pop", check=False)
    assert "unresolved conflicts" in batch.batchhook("rollback", "1", "-y", code=3)


def test_refusals_before_anything_is_touched(batch: Repository) -> None:
    assert "no batch 7" in batch.batchhook("rollback", "7", "-y", code=3)
    batch.commit("6")
    assert "still open" in batch.batchhook("rollback", "2", "-y", code=3)
    (batch.top / ".git/index.lock").touch()
    assert "index is locked" in batch.batchhook("rollback", "1", "-y", code=3)
    (batch.top / ".git/index.lock").unlink()
    batch.git("switch", "-q", "-c", "topic", "HEAD~6")
    assert "git switch main" in batch.batchhook("rollback", "1", "-y", code=3)


def test_a_branch_that_is_locked_is_a_refusal(batch: Repository) -> None:
    lock = batch.top / ".git/refs/heads/main.lock"
    lock.touch()
    before = world(batch)
    for mode in ("--commit", "--reset"):
        for further in ("--dry-run", "-y"):
            output = batch.batchhook("rollback", "1", mode, further, code=3)
            assert "the branch cannot be moved" in output
            assert "main.lock" in output
            assert "nothing was changed" in output
    assert world(batch) == before
    batch.batchhook("rollback", "1", "-y")  # which does not move it
    batch.batchhook("undo", "-y")
    assert world(batch) == before
    lock.unlink()
    batch.batchhook("rollback", "1", "--reset", "-y")
    lock.touch()
    moved = world(batch)
    assert "nothing was changed" in batch.batchhook("undo", "-y", code=3)
    assert world(batch) == moved


def test_what_cannot_be_pinned_is_a_refusal(batch: Repository) -> None:
    lock = batch.top / ".git/refs/batchhook/operations/1/before.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    before = world(batch)
    output = batch.batchhook("rollback", "1", "-y", code=3)
    assert "before.lock" in output
    assert "nothing was changed" in output
    assert world(batch) == before


@pytest.mark.parametrize(("name", "number"), [("gone.txt", "1"), ("other.txt", "2")])
def test_a_repository_in_the_place_of_a_file_is_a_refusal(batch: Repository, name: str, number: str) -> None:
    """Git empties a submodule's folder, with all that is not committed there. Batch 1 only took the file away."""
    if number == "2":
        batch.git("rm", "--quiet", name)
    batch.git("init", "-q", name)
    mine = batch.top / name / "mine"
    mine.write_text("1\n")
    batch.git("-C", name, "add", "mine")
    batch.git("-C", name, "commit", "-qm", "mine")
    if number == "2":
        for _ in range(5):
            batch.commit("a repository", "--allow-empty")
    mine.write_text("2\n")
    before = world(batch)
    for further in ((), ("--stash",), ("--commit",)):
        output = batch.batchhook("rollback", number, *further, "-y", code=3)
        assert "nothing was changed" in output
        assert world(batch) == before
        assert mine.read_text() == "2\n"
    assert f"a repository in the way: {name}" in batch.batchhook("rollback", number, "--stash", "-y", code=3)


def test_repositories_elsewhere_are_let_be(batch: Repository) -> None:
    batch.git("init", "-q", "empty")
    (batch.top / "empty/mine").write_text("1\n")
    batch.git("init", "-q", "folder/deep")
    before = world(batch)
    batch.batchhook("rollback", "1", "-y")
    assert batch.read("ten.txt") == ten({})
    batch.batchhook("undo", "-y")
    assert world(batch) == before


@pytest.mark.parametrize("further", [(), ("--stash",)])
def test_what_a_filter_takes_out_is_not_written_over(batch: Repository, further: tuple[str, ...]) -> None:
    batch.git("config", "filter.less.clean", "grep -v ^OUTPUT")
    batch.git("config", "filter.less.smudge", "cat")
    (batch.top / ".git/info/attributes").write_text("ten.txt filter=less\n")
    text = batch.read("ten.txt")
    batch.write("ten.txt", f"{text}OUTPUT of an hour\n")
    output = batch.batchhook("rollback", "1", *further, "-y", code=3)
    assert "git's filters drop a part of ten.txt that would be lost; nothing was changed" in output
    assert batch.read("ten.txt") == f"{text}OUTPUT of an hour\n"
    batch.write("ten.txt", text)
    batch.batchhook("rollback", "1", *further, "-y")
    assert batch.read("ten.txt") == ten({})


def test_links_go_through_no_filter(batch: Repository) -> None:
    batch.git("config", "filter.less.clean", "cat")
    batch.git("config", "filter.less.smudge", "cat")
    (batch.top / ".git/info/attributes").write_text("* filter=less\n")
    (batch.top / "link").symlink_to("other.txt")
    for _ in range(5):
        batch.commit("batch 2")
    batch.batchhook("rollback", "2", "-y")
    assert not (batch.top / "link").is_symlink()


def test_a_merge_under_way_is_a_refusal(batch: Repository) -> None:
    batch.git("switch", "-q", "-c", "topic", "HEAD~5")
    batch.commit("t", ten__txt=ten({1: "conflict"}))
    batch.git("switch", "-q", "main")
    batch.git("merge", "-q", "topic", check=False)
    assert "a merge is under way" in batch.batchhook("rollback", "1", "-y", code=3)


def test_strange_names_symlinks_and_modes(bare_repository: Repository) -> None:
    repository = bare_repository
    names = ["with space", "tab\tand\nnewline", "ümlaut", 'quote"back\\slash', "-dash"]
    for name in names:
        (repository.top / name).write_text("before\n")
    (repository.top / "run.sh").write_text("#!/bin/sh\n")
    (repository.top / "link").symlink_to("run.sh")
    repository.commit("names")
    repository.batchhook("install")
    for number, name in enumerate(names):
        (repository.top / name).write_text(f"after {number}\n")
        if number == 4:
            (repository.top / "run.sh").chmod(0o755)
            (repository.top / "link").unlink()
            (repository.top / "link").symlink_to("elsewhere")
        repository.commit(f"c{number}", c__txt=str(number))
    repository.batchhook("rollback", "1", "-y")
    assert {(repository.top / name).read_text() for name in names} == {"before\n"}
    assert (repository.top / "link").readlink() == Path("run.sh")
    assert not (repository.top / "run.sh").stat().st_mode & 0o100


def test_a_change_in_the_moment_in_which_the_index_was_written_is_in_the_snapshot(batch: Repository) -> None:
    """Git tells such a change only by comparing the file's time with the index's own."""
    batch.git("config", "core.trustctime", "false")
    file, index, moment = batch.top / "other.txt", batch.top / ".git/index", 1_600_000_000 * 10**9
    batch.write("other.txt", "one\n")
    os.utime(file, ns=(moment, moment))
    batch.git("add", "other.txt")
    os.utime(index, ns=(moment, moment))
    batch.write("other.txt", "two\n")
    os.utime(file, ns=(moment, moment))
    batch.batchhook("rollback", "1", "-y")
    assert batch.git("show", "refs/batchhook/operations/1/before:other.txt") == "two"
    assert batch.read("other.txt") == "two\n"
