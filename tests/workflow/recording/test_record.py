"""Recording without commits: counting, commits that repeat a recording, and rollbacks."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from batchhook import ConflictError, Workflow
from tests.driving import CALCULATOR, Repository

ADD = "test_calculator.CalculatorTest.test_add"
BROKEN = CALCULATOR.replace("a + b", "a * b")


def edit(repository: Repository, path: str, text: str, why: str = "") -> dict[str, object]:
    """Write a file and record it; return the document of ``record --json``."""
    repository.write(path, text)
    result: dict[str, object] = repository.json("record", path, "-d", why or f"edit {path}", "--no-wait")
    return result


def kinds(repository: Repository) -> list[tuple[str, str]]:
    changes = repository.json("status")["open"]["changes"]
    return [(change["kind"], change["summary"]) for change in changes]


def test_a_recorded_change_is_counted_and_shown(project: Repository) -> None:
    project.write("notes.txt", "1\n")
    output = project.batchhook("record", "notes.txt", "--desc", "first note")
    assert "first note" in output
    assert "A notes.txt" in output
    assert "batch 1, 1/5" in output
    assert "first note recorded" in " ".join(project.batchhook("status").split())


def test_its_json_document(project: Repository) -> None:
    result = edit(project, "notes.txt", "1\n", "why\n\nmore")
    change = result["change"]
    assert isinstance(change, dict)
    assert (change["kind"], change["summary"], change["author"]) == ("record", "why", "Ada <ada@example.org>")
    (file,) = change["files"]
    assert file["sha256"] == "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"
    assert (result["batch"], result["filled"], result["size"], result["full"]) == (1, 1, 5, [])
    assert project.git("show", "-s", "--format=%b", str(change["oid"])) == "more"


def test_an_unchanged_tree_counts_nothing(project: Repository) -> None:
    assert "Nothing has changed since the last step" in project.batchhook("record", "-d", "nothing")
    edit(project, "notes.txt", "1\n")
    result = project.json("record", "-d", "again")
    assert result["change"] is None
    assert result["filled"] == 1


def test_without_a_description_the_title_names_the_files(project: Repository) -> None:
    project.write("a.txt", "1\n")
    project.write("b.txt", "1\n")
    project.batchhook("record")
    assert project.open()[1] == ["add a.txt and 1 more"]


def test_an_unchanged_path_is_reported(project: Repository) -> None:
    project.write("notes.txt", "1\n")
    output = project.batchhook("record", "calculator.py", "notes.txt", "-d", "note")
    assert "No changes in calculator.py; the others were recorded." in output


def test_the_users_index_stash_and_branches_are_not_touched(project: Repository) -> None:
    project.write("calculator.py", BROKEN)
    project.git("stash")
    project.write("staged.txt", "1\n")
    project.git("add", "staged.txt")
    project.write("staged.txt", "2\n")
    before = [project.git(*words) for words in (("status", "--short"), ("stash", "list"), ("show-ref", "--heads"))]
    staged = project.git("diff", "--cached")
    edit(project, "notes.txt", "1\n")
    after = [project.git(*words) for words in (("status", "--short"), ("stash", "list"), ("show-ref", "--heads"))]
    assert after == [before[0].replace("AM staged.txt", "AM staged.txt\n?? notes.txt"), *before[1:]]
    assert project.git("diff", "--cached") == staged


def test_the_snapshot_is_what_git_would_add(project: Repository) -> None:
    project.write(".gitignore", "*.log\n")
    project.write(".gitattributes", "*.bat text eol=crlf\n*.up filter=up\n")
    project.git("config", "filter.up.clean", "tr a-z A-Z")
    project.write("ignored.log", "no\n")
    project.write("run.sh", "#!/bin/sh\n")
    (project.top / "run.sh").chmod(0o755)
    (project.top / "link").symlink_to("run.sh")
    (project.top / "dos.bat").write_bytes(b"x\r\n")
    project.write("shout.up", "quiet\n")
    (project.top / os.fsdecode(b"b\xffytes")).write_text("1")
    oid = edit(project, "notes.txt", "1\n")["change"]["oid"]  # type: ignore[index]
    tree = project.git("ls-tree", "-r", oid)
    expected = project.top / ".git" / "other-index"
    project.git("add", "--all", GIT_INDEX_FILE=str(expected))
    assert project.git("write-tree", GIT_INDEX_FILE=str(expected)) == project.git("rev-parse", f"{oid}^{{tree}}")
    assert "ignored.log" not in tree
    assert project.git("show", f"{oid}:shout.up") == "QUIET"
    assert "100755" in next(line for line in tree.splitlines() if line.endswith("run.sh"))


def test_five_fill_a_batch_whose_culprit_is_found_and_rolled_back(project: Repository) -> None:
    for number in (1, 2):
        edit(project, "notes.txt", f"{number}\n")
    guilty = edit(project, "calculator.py", BROKEN, "faster")["change"]["oid"]  # type: ignore[index]
    edit(project, "notes.txt", "3\n")
    project.write("notes.txt", "4\n")
    output = project.batchhook("record", "-d", "fifth", code=1)
    assert "batch 1 is full (5/5)" in output
    assert "batch 1 failed: CRITICAL, 1 of 2 tests" in output
    (culprit,) = project.json("analyze", "1", code=1)["culprits"]
    assert (culprit["change"], culprit["tests"]) == (guilty, [ADD])
    assert project.json("backup", "1")["backups"][0]["files"], "what was before it is copied"

    assert "on what is recorded" in project.batchhook("rollback", "1", "--culprit", "-y")
    assert (project.read("calculator.py"), project.read("notes.txt")) == (CALCULATOR, "4\n")
    project.batchhook("undo", "-y")
    assert project.read("calculator.py") == BROKEN
    project.batchhook("rollback", "1", "-y")
    assert project.read("calculator.py") == CALCULATOR
    assert not (project.top / "notes.txt").exists()
    assert project.git("status", "--short") == ""


def test_a_rollback_is_no_change(project: Repository) -> None:
    for number in range(5):
        edit(project, "notes.txt", f"{number}\n")
    project.batchhook("rollback", "1", "-y")
    assert project.json("record", "-d", "nothing")["change"] is None
    again = edit(project, "calculator.py", BROKEN, "again")["change"]
    assert [file["path"] for file in again["files"]] == ["calculator.py"]  # type: ignore[index]
    assert kinds(project) == [("record", "again")]
    project.batchhook("undo", "-y")
    assert project.json("record", "-d", "nothing")["change"] is None
    assert kinds(project) == [("record", "again")]


def test_the_same_with_a_rollback_of_commits(project: Repository) -> None:
    for number in range(5):
        project.commit(f"c{number}")
    project.batchhook("rollback", "1", "-y")
    assert project.json("record", "-d", "nothing")["change"] is None
    edit(project, "notes.txt", "1\n")
    assert kinds(project) == [("record", "edit notes.txt")]


def test_going_back_by_moving_the_branch_is_refused(project: Repository) -> None:
    for number in range(5):
        edit(project, "notes.txt", f"{number}\n")
    assert "was recorded, not committed" in project.batchhook("rollback", "1", "--reset", "-y", code=3)


def test_a_single_change_of_the_open_batch_is_rolled_back(project: Repository) -> None:
    oid = edit(project, "calculator.py", BROKEN)["change"]["oid"]  # type: ignore[index]
    edit(project, "notes.txt", "1\n")
    project.batchhook("rollback", "--change", oid, "-y")
    assert (project.read("calculator.py"), project.read("notes.txt")) == (CALCULATOR, "1\n")


def test_a_commit_of_what_was_recorded_is_not_counted_twice(project: Repository) -> None:
    edit(project, "a.txt", "1\n")
    edit(project, "b.txt", "1\n")
    project.git("add", "--all")
    assert "batch 1, 2/5" in project.git_both("commit", "-m", "both").stderr
    assert [kind for kind, _ in kinds(project)] == ["record", "record"]
    assert "batch 1, 3/5" in project.commit("third")
    assert [kind for kind, _ in kinds(project)] == ["record", "record", "commit"]


def test_nor_is_a_commit_of_a_part_of_it(project: Repository) -> None:
    edit(project, "a.txt", "1\n")
    edit(project, "b.txt", "1\n")
    project.git("add", "b.txt")
    project.git("commit", "-m", "b alone")
    assert kinds(project) == [("record", "edit a.txt"), ("record", "edit b.txt")]
    assert project.json("record")["change"] is None
    project.git("add", "a.txt")
    project.git("commit", "-m", "then a")
    assert len(kinds(project)) == 2
    edit(project, "c.txt", "1\n")
    assert [kind for kind, _ in kinds(project)] == ["record"] * 3


def test_a_commit_with_something_new_counts(project: Repository) -> None:
    edit(project, "a.txt", "1\n")
    project.commit("more", a__txt="2\n")
    assert kinds(project) == [("record", "edit a.txt"), ("commit", "more")]


def test_going_back_to_a_recorded_state_by_a_commit_is_a_change(project: Repository) -> None:
    edit(project, "a.txt", "1\n")
    project.commit("one", a__txt="1\n")
    project.commit("two", a__txt="2\n")
    project.commit("one again", a__txt="1\n")
    assert [subject for _, subject in kinds(project)] == ["edit a.txt", "two", "one again"]


def test_a_commit_after_a_full_batch_of_records_is_compared_with_what_they_left(project: Repository) -> None:
    """A commit that holds the recordings and more is not blamed for what these broke."""
    edit(project, "calculator.py", BROKEN)
    for number in range(4):
        edit(project, "notes.txt", f"{number}\n")
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    project.commit("all of it, and more", more__txt="1\n")
    for number in range(4):
        project.commit(f"c{number}")
    project.batchhook("wait", "2", "--timeout", "90")
    result = project.json("analyze", "2")
    assert (result["verdict"], result["culprits"]) == ("known-failures", [])
    (failure,) = result["failures"]
    assert failure["attribution"]["kind"] == "pre-existing"


def test_commits_and_records_mix_in_one_batch(project: Repository) -> None:
    edit(project, "a.txt", "1\n")
    project.commit("commit a", b__txt="1\n")
    guilty = edit(project, "calculator.py", BROKEN, "faster")["change"]["oid"]  # type: ignore[index]
    project.commit("calculator and c", c__txt="1\n")
    edit(project, "d.txt", "1\n")
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    result = project.json("analyze", "1", code=1)
    mixed = ["record", "commit", "record", "commit", "record"]
    assert [change["kind"] for change in result["batch"]["changes"]] == mixed
    assert [culprit["change"] for culprit in result["culprits"]] == [guilty]
    project.batchhook("rollback", "1", "-y")
    assert project.read("calculator.py") == CALCULATOR
    assert sorted(path.name for path in project.top.glob("*.txt")) == []


def test_amend_rebase_and_reset(project: Repository) -> None:
    edit(project, "a.txt", "1\n")
    project.commit("a and b", b__txt="1\n")
    assert len(kinds(project)) == 2
    project.git("commit", "--amend", "-m", "other words")
    assert kinds(project) == [("record", "edit a.txt"), ("commit", "other words")]
    edit(project, "c.txt", "1\n")
    project.git("commit", "--amend", "-m", "still other words")
    assert [subject for _, subject in kinds(project)] == ["edit a.txt", "still other words", "edit c.txt"]
    project.git("reset", "-q", "--hard", "HEAD~1")
    assert [subject for _, subject in kinds(project)] == ["edit a.txt"]


def test_a_rebase_does_not_count_what_was_recorded_again(project: Repository) -> None:
    project.git("branch", "upstream")
    edit(project, "a.txt", "1\n")
    project.commit("recorded before", a__txt="1\n")
    project.git("switch", "-q", "upstream")
    project.commit("elsewhere", z__txt="1\n")
    project.git("switch", "-q", "main")
    project.git("rebase", "-q", "upstream")
    assert kinds(project) == [("record", "edit a.txt")]


def test_work_that_is_carried_to_another_branch_is_not_recorded_again(project: Repository) -> None:
    edit(project, "a.txt", "1\n")
    project.git("switch", "-q", "-c", "other")
    assert project.json("record")["change"] is None
    edit(project, "b.txt", "1\n")
    assert kinds(project) == [("record", "edit b.txt")]
    project.git("stash", "-u")
    project.git("switch", "-q", "main")
    assert kinds(project) == [("record", "edit a.txt")]


def test_in_a_repository_without_a_commit(bare_repository: Repository) -> None:
    bare_repository.batchhook("install")
    edit(bare_repository, "a.txt", "1\n")
    edit(bare_repository, "b.txt", "1\n")
    assert len(kinds(bare_repository)) == 2
    bare_repository.git("add", "a.txt")
    assert "batch 1, 2/5" in bare_repository.git_both("commit", "-m", "first").stderr
    edit(bare_repository, "c.txt", "1\n")
    assert [subject for _, subject in kinds(bare_repository)] == ["edit a.txt", "edit b.txt", "edit c.txt"]


def test_on_a_detached_head_and_in_a_linked_work_tree(project: Repository, tmp_path: Path) -> None:
    project.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    linked = Repository(tmp_path / "linked")
    edit(linked, "a.txt", "1\n")
    assert kinds(linked) == [("record", "edit a.txt")]
    assert kinds(project) == []


def test_the_hook_answers_without_python_once_all_is_committed(project: Repository) -> None:
    line = project.top / ".git/batchhook/open/refs/heads/main"
    edit(project, "a.txt", "1\n")
    assert not line.exists(), "sh cannot see which commits repeat a recording"
    project.commit("a", a__txt="1\n")
    assert line.read_text().split()[3:] == ["1", "5"]
    assert "batch 1, 2/5" in project.commit("b")
    assert line.read_text().split()[3:] == ["2", "5"]


@pytest.mark.parametrize("begin", [("merge", "other"), ("cherry-pick", "other"), ("rebase", "other")])
def test_nothing_is_recorded_while_git_is_in_the_middle_of_something(
    project: Repository, begin: tuple[str, ...]
) -> None:
    project.git("switch", "-q", "-c", "other")
    project.commit("theirs", calculator__py=BROKEN)
    project.git("switch", "-q", "main")
    project.commit("ours", calculator__py=CALCULATOR.replace("a + b", "b + a"))
    project.git(*begin, check=False)
    assert "is under way: nothing is recorded" in project.batchhook("record", "-d", "x", code=3)


def test_many_at_once_lose_nothing(project: Repository) -> None:
    """With several agents at once, each call's file is in some change, and no number is given twice."""
    script = (
        "import sys, pathlib; from batchhook import Workflow\n"
        "pathlib.Path(sys.argv[1]).write_text('1'); Workflow(batch_size=100).record('edit ' + sys.argv[1])"
    )
    with Workflow(project.top):
        running = [
            subprocess.Popen([sys.executable, "-c", script, f"{number}.txt"], cwd=project.top) for number in range(6)
        ]
        assert [process.wait(60) for process in running] == [0] * 6
    result = project.json("--batch-size", "100", "status")["open"]["changes"]
    files = project.git("ls-tree", "--name-only", result[-1]["oid"]).split()
    assert {f"{number}.txt" for number in range(6)} <= set(files)
    assert 1 <= len(result) <= 6


def test_killed_at_any_moment_it_has_counted_or_not(project: Repository) -> None:
    """The next call continues from wherever it was killed: each content is recorded once, and none is lost."""
    for number in range(6):
        project.write("a.txt", f"{number}\n")
        process = subprocess.Popen(
            [sys.executable, "-m", "batchhook", "--batch-size", "100", "record", "-d", f"{number}"],
            cwd=project.top,
            stdout=subprocess.DEVNULL,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.25 + 0.06 * number)
        process.kill()
        process.wait()
        result = project.json("--batch-size", "100", "record", "-d", f"{number}")
        assert result["filled"] == number + 1
    changes = project.json("--batch-size", "100", "status")["open"]["changes"]
    contents = [project.git("show", f"{change['oid']}:a.txt") for change in changes]
    assert contents == [str(number) for number in range(6)]


def test_pins_hold_what_was_recorded_and_prune_lets_go_of_it(project: Repository) -> None:
    first = edit(project, "a.txt", "0\n")["change"]["oid"]  # type: ignore[index]
    project.commit("new", b__txt="1\n")
    for number in range(1, 9):
        edit(project, "a.txt", f"{number}\n")
    project.batchhook("wait", "2", "--timeout", "90")
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "-q", "--prune=now")
    assert project.git("cat-file", "-t", first) == "commit"
    assert len(project.git("for-each-ref", "refs/batchhook/records").splitlines()) == 2
    project.batchhook("prune", "--keep", "1", "-y")
    assert len(project.git("for-each-ref", "refs/batchhook/records").splitlines()) == 1
    project.batchhook("rollback", "2", "-y")
    assert project.read("a.txt") == "3\n"


def test_an_interrupted_operation_must_be_finished_first(project: Repository) -> None:
    for number in range(5):
        edit(project, "a.txt", f"{number}\n")
    project.batchhook("rollback", "1", "-y")
    with Workflow(project.top) as workflow:
        opened = workflow._project  # noqa: SLF001 - what a kill leaves is made here
        assert opened is not None
        with opened.database.transaction() as connection:
            connection.execute("UPDATE operations SET status = 'intent'")
        with pytest.raises(ConflictError, match="was interrupted"):
            workflow.record("x")


def test_from_python(project: Repository) -> None:
    project.write("a.txt", "1\n")
    done = Workflow(project.top).record("from Python", ["a.txt"])
    assert done.change is not None
    assert (done.change.summary, done.filled) == ("from Python", 1)


def test_unresolved_conflicts_are_not_recorded(project: Repository) -> None:
    project.write("calculator.py", BROKEN)
    project.git("stash")
    project.commit("theirs", calculator__py=CALCULATOR.replace("a + b", "b + a"))
    project.git("stash", "pop", check=False)
    assert "unresolved conflicts: nothing is recorded" in project.batchhook("record", "-d", "x", code=3)


def test_paths_may_be_absolute(project: Repository) -> None:
    project.write("notes.txt", "1\n")
    assert project.json("record", str(project.top / "notes.txt"))["unchanged"] == []
