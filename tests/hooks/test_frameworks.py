"""Real pre-commit and real prek, with this repository as the hooks' and README's configuration."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.hooks.conftest import User

# Whichever test is first builds the framework's environment, from the package index; the others wait for its lock.
pytestmark = pytest.mark.timeout(300)

CONFIGURATION = """\
default_install_hook_types: [pre-commit, post-commit, post-rewrite, post-merge]
repos:
  - repo: {repo}
    rev: {rev}
    hooks:
      - id: batchhook-pre-commit
      - id: batchhook-post-commit
      - id: batchhook-post-rewrite
      - id: batchhook-post-merge
"""

EDITED, UNTRACKED = "code_of_ours.py", "notes.txt"
EDIT, NOTES = "ANSWER = 42\n\n# an edit that is not staged\n", "not tracked\n"


class Framework:
    """A user whose hooks a framework runs, with an unstaged edit and an untracked file lying about."""

    def __init__(self, user: User, program: str, configuration: str) -> None:
        self.user = user
        user.write(".pre-commit-config.yaml", configuration)
        user.run("git", "add", ".pre-commit-config.yaml")
        user.run("git", "commit", "--quiet", "--message", "Configure the hooks")
        self.said_by_install = user.run(program, "install")
        user.write(EDITED, EDIT)
        user.write(UNTRACKED, NOTES)

    def shorten_batches(self) -> None:
        """Let three commits fill a batch: with a framework, each takes a second."""
        self.user.write(".git/info/exclude", ".batchhook.toml\n")
        self.user.write(".batchhook.toml", "batch_size = 3\n")

    def commit(self, number: int) -> str:
        output = self.user.commit(number)
        self.assert_untouched()
        return output

    def assert_untouched(self) -> None:
        assert (self.user.folder / EDITED).read_text("utf-8") == EDIT
        assert (self.user.folder / UNTRACKED).read_text("utf-8") == NOTES
        assert self.user.run("git", "status", "--porcelain") == f" M {EDITED}\n?? {UNTRACKED}\n"


@pytest.fixture(params=["pre-commit", "prek"])
def framework(request: pytest.FixtureRequest, user: User, our_repository: tuple[Path, str]) -> Framework:
    repo, rev = our_repository
    return Framework(user, request.param, CONFIGURATION.format(repo=repo, rev=rev))


def counted(output: str) -> list[str]:
    """Our lines in what a commit printed."""
    return [line.strip() for line in output.splitlines() if line.strip().startswith("batchhook: ")]


def test_five_commits_run_the_suite_and_the_users_edits_stay(framework: Framework) -> None:
    user = framework.user
    user.run(sys.executable, "-m", "venv", "--without-pip", ".venv")

    for number in range(1, 5):
        assert counted(framework.commit(number)) == [f"batchhook: batch 1, {number}/5"]
    filled = counted(framework.commit(5))

    # The suite cannot have ended yet, and the commit is back.
    assert filled == [
        "batchhook: batch 1 is full (5/5), its tests run in the background",
        "batchhook: to follow it: batchhook wait 1",
    ]
    assert Path(user.suite_began()) == user.folder / ".venv"
    framework.assert_untouched()
    assert user.verdict_of(1) is None
    assert counted(framework.commit(6)) == ["batchhook: batch 2, 1/5"]

    user.let_suite_end()
    ends = time.monotonic() + 0.8  # the suite takes a second still
    while time.monotonic() < ends:
        framework.assert_untouched()
    assert user.batchhook("wait", "1", "--timeout", "60")["verdict"] == "passed"
    framework.assert_untouched()

    result = user.batchhook("analyze", "1")
    assert result["totals"]["tests"] == result["totals"]["passed"] == 3
    assert result["python"].startswith(f"{user.folder / '.venv' / 'bin' / 'python'} ")
    assert [change["summary"] for change in result["batch"]["changes"]] == [f"Count to {n}" for n in range(1, 6)]


def test_without_an_environment_of_its_own_the_project_has_the_shells_python(framework: Framework) -> None:
    user = framework.user
    framework.shorten_batches()
    user.let_suite_end()
    for number in range(1, 4):
        framework.commit(number)
    assert user.batchhook("wait", "1", "--timeout", "60")["verdict"] == "passed"
    assert user.suite_began() == user.run("python3", "-c", "import sys; print(sys.prefix)").strip()


def test_the_next_commit_prints_the_verdict_once(framework: Framework) -> None:
    user = framework.user
    framework.shorten_batches()
    user.let_suite_end()
    for number in (1, 2):
        framework.commit(number)
    user.write(EDITED, "ANSWER = 41\n")
    user.run("git", "commit", "--message", "Break it", EDITED)
    user.write(EDITED, EDIT)
    user.until(lambda: user.verdict_of(1) is not None)

    event, then = counted(framework.commit(4)), counted(framework.commit(5))

    assert len(event) == 2, event
    assert event[0].startswith("batchhook: batch 1 ")
    assert event[0].endswith("(batchhook analyze 1)")
    assert event[1] == "batchhook: batch 2, 1/3"
    warned, counted_on = then
    assert warned.startswith("batchhook: batch 1 failed critically and is not resolved yet")
    assert counted_on == "batchhook: batch 2, 2/3"


def test_amend_and_rebase_keep_the_count(framework: Framework) -> None:
    user = framework.user
    for number in range(1, 4):
        framework.commit(number)

    amended = user.run("git", "commit", "--amend", "--message", "Count to three")
    assert counted(amended) == ["batchhook: batch 1, 3/5"]
    framework.assert_untouched()

    user.run(
        *("git", "rebase", "--interactive", "--autostash", "HEAD~3"),
        GIT_SEQUENCE_EDITOR="sed -i -e s/^pick/reword/",
        GIT_EDITOR="sed -i -e s/Count/Reckon/",
    )
    assert user.run("git", "log", "-3", "--format=%s").split("\n")[:3] == [
        "Reckon to three",
        "Reckon to 2",
        "Reckon to 1",
    ]
    framework.assert_untouched()
    assert counted(framework.commit(4)) == ["batchhook: batch 1, 4/5"]


def test_a_damaged_database_stops_no_commit(framework: Framework) -> None:
    user = framework.user
    framework.commit(1)
    (user.folder / ".git" / "batchhook" / "state.db").write_bytes(b"this is no database at all")
    (user.folder / ".git" / "batchhook" / "open" / "refs" / "heads" / "main").unlink()

    (output,) = counted(framework.commit(2))

    assert "the database is damaged" in output
    assert user.run("git", "log", "-1", "--format=%s") == "Count to 2\n"
