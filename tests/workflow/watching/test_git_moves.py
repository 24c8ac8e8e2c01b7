"""Git's own changes to files are not recorded; operations in progress are awaited."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.driving import Repository
from tests.workflow.watching.conftest import Start, until_there


def _branches(repository: Repository, files: int = 3) -> None:
    """A branch ``other`` that has many files, and one that both branches have changed."""
    repository.git("switch", "--quiet", "--create", "other")
    for number in range(files):
        repository.write(f"other/{number % 20}/{number}.txt", f"{number}\n")
    repository.commit("other", README__md="other\n")
    repository.git("switch", "--quiet", "main")
    repository.commit("main", README__md="main\n")


def test_a_switch_is_no_change(repository: Repository, start: Start) -> None:
    _branches(repository)
    watch = start()
    repository.git("switch", "--quiet", "other")
    repository.git("switch", "--quiet", "main")
    watch.mark()
    assert watch.changes == ["add mark.txt"]


def test_a_mass_checkout_is_no_change(repository: Repository, start: Start) -> None:
    _branches(repository, 2000)
    watch = start()
    repository.git("switch", "--quiet", "other")
    watch.mark()
    repository.write("other/1/1.txt", "new\n")
    watch.recorded("other/1/1.txt")
    repository.git("checkout", "--quiet", "--", "other")
    watch.recorded("other/1/1.txt", len(watch.news))
    repository.git("switch", "--quiet", "main")
    watch.mark("end.txt")
    edited = "edit other/1/1.txt"
    # What main has not is new there: mark.txt, too, which was recorded on the other branch.
    assert watch.changes == ["add mark.txt", edited, edited, "add end.txt and 1 more"]


def test_a_rebase_is_waited_for_and_is_no_change(repository: Repository, start: Start) -> None:
    _branches(repository)
    watch = start()
    repository.git("rebase", "--quiet", "other", check=False)
    repository.write("README.md", "both\n")
    watch.event("waiting")
    repository.git("add", "README.md")
    repository.git("rebase", "--continue", GIT_EDITOR="true")
    watch.mark()
    assert watch.changes == ["add mark.txt"]


def test_a_merge_is_waited_for(repository: Repository, start: Start) -> None:
    _branches(repository)
    watch = start()
    repository.git("merge", "--quiet", "other", check=False)
    watch.event("waiting")
    repository.git("merge", "--abort")
    watch.mark()
    assert watch.changes == ["add mark.txt"]


def test_while_git_holds_its_lock_nothing_is_recorded(repository: Repository, start: Start) -> None:
    watch = start()
    lock = repository.top / ".git/index.lock"
    lock.touch()
    repository.write("a.txt", "1\n")
    assert "index.lock" in watch.event("waiting")["message"]
    lock.unlink()
    watch.recorded("a.txt")
    assert watch.changes == ["add a.txt"]


def test_a_commit_of_what_was_recorded_counts_once(repository: Repository, start: Start) -> None:
    watch = start()
    repository.write("a.txt", "1\n")
    watch.recorded("a.txt")
    repository.git("add", "a.txt")
    repository.git("commit", "--quiet", "-m", "a")
    watch.mark()
    assert watch.changes == ["add a.txt", "add mark.txt"]
    assert repository.open() == (1, watch.changes)


def test_a_commit_of_unrecorded_files_is_reported(repository: Repository, start: Start) -> None:
    watch = start("README.md")
    repository.commit("elsewhere")
    line = watch.event("committed")
    assert (line["change"]["summary"], line["change"]["kind"], line["filled"]) == ("elsewhere", "commit", 1)
    repository.write("README.md", "new\n")
    watch.recorded("README.md")
    assert repository.open()[1] == ["elsewhere", "edit README.md"]
    assert sum(one["event"] == "committed" for one in watch.news) == 1


def test_conflicts_are_reported_and_awaited(repository: Repository, start: Start) -> None:
    repository.commit("base", a__txt="1\n")
    repository.write("a.txt", "stashed\n")
    repository.git("stash")
    repository.commit("later", a__txt="2\n")
    watch = start()
    repository.git("stash", "pop", check=False)
    watch.event("waiting")
    repository.write("a.txt", "3\n")
    repository.git("add", "a.txt")
    watch.recorded("a.txt")
    assert len(watch.changes) == 1


HIDING = """\
#!/bin/sh
cp README.md ../kept && git checkout --quiet -- README.md && touch ../is-hidden
tries=0
until test -e ../go || test $tries -gt 600; do tries=$((tries + 1)); sleep 0.05; done
cp ../kept README.md
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other processes can be inspected only there")
def test_what_a_framework_hides_while_hooks_run_is_no_change(repository: Repository, start: Start) -> None:
    hook = repository.top / ".git/hooks/pre-commit.before-batchhook"
    hook.write_text(HIDING)
    hook.chmod(0o755)
    watch = start()
    repository.write("README.md", "not staged\n")
    watch.recorded("README.md")
    repository.write("a.txt", "staged\n")
    watch.recorded("a.txt")
    repository.git("add", "a.txt")
    with subprocess.Popen(["git", "commit", "--quiet", "-m", "a"], cwd=repository.top):
        until_there(repository.top.parent / "is-hidden")
        assert "a commit is under way" in watch.event("waiting")["message"]
        (repository.top.parent / "go").touch()
    watch.mark()
    assert watch.changes == ["edit README.md", "add a.txt", "add mark.txt"]
