"""Tests and commands of the project see the variables of the user's session, and none of the hook's."""

from __future__ import annotations

import os

import pytest

from batchhook.workflow.suite.environment import clean_environment
from tests.driving import CALCULATOR, Repository

# Which variables of git conftest.py sets for the session.
SUITE = """
import os, subprocess, tempfile, unittest

SESSION = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"}


class VariablesTest(unittest.TestCase):
    def test_git(self):
        self.assertEqual({name for name in os.environ if name.startswith("GIT_")} - SESSION, set())

    def test_path(self):
        exec_path = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
        self.assertNotIn(exec_path, os.environ["PATH"].split(os.pathsep))

    def test_folder(self):
        self.assertEqual(os.environ["PWD"], os.getcwd())
        self.assertNotIn("OLDPWD", os.environ)

    def test_hook_framework(self):
        names = ("PRE_COMMIT", "BATCHHOOK_INTERPRETER")
        self.assertFalse([name for name in os.environ if name.startswith(names)])

    def test_the_author_is_the_configured_one(self):
        with tempfile.TemporaryDirectory() as folder:
            def git(*arguments):
                command = ["git", "-C", folder, *arguments]
                return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
            git("init", "-q")
            git("config", "user.name", "fixture")
            git("commit", "-q", "--allow-empty", "-m", "x")
            self.assertEqual(git("log", "-1", "--format=%an"), "fixture")
"""


@pytest.fixture
def suite(bare_repository: Repository) -> Repository:
    """A repository whose batches hold two changes, with a suite that looks at its variables."""
    settings = "batch_size = 2\nsetup = \"sh -c '! env | grep ^GIT_AUTHOR'\"\n"
    bare_repository.commit("first", test_variables__py=SUITE, **{".batchhook__toml": settings})
    bare_repository.batchhook("install")
    bare_repository.git("branch", "upstream")
    return bare_repository


def test_a_commit_under_a_foreign_name(suite: Repository) -> None:
    suite.commit("one", "--author", "X <x@example.org>", "--date", "2001-01-01T00:00:00")
    suite.git("-c", "user.name=Y", "commit", "-q", "--allow-empty", "-m", "no change")
    suite.write("two.txt", "two")
    suite.git("add", "two.txt")
    suite.git("-c", "user.name=Y", "commit", "-q", "-m", "two", "--author", "X <x@example.org>", PRE_COMMIT_SOURCE="x")
    assert suite.json("wait", "1", "--timeout", "60")["verdict"] == "passed"


def test_a_cherry_pick(suite: Repository) -> None:
    suite.git("switch", "-q", "-c", "topic")
    suite.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "root of the topic")
    suite.write("picked.txt", "picked")
    suite.git("add", "picked.txt")
    suite.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "picked", "--author", "X <x@example.org>")
    suite.git("switch", "-q", "main")
    suite.commit("one")
    suite.git("cherry-pick", "topic")
    assert suite.json("wait", "1", "--timeout", "60")["verdict"] == "passed"


def test_a_command_of_a_rebase(suite: Repository) -> None:
    suite.commit("one")
    suite.git("switch", "-q", "upstream")
    suite.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "theirs")
    suite.git("switch", "-q", "main")
    command = "echo two >two.txt && git add two.txt && git commit -q -m two --author 'X <x@example.org>'"
    suite.git("rebase", "--quiet", "--exec", command, "upstream")
    assert suite.json("wait", "1", "--timeout", "60")["verdict"] == "passed"


def test_commands_that_batchhook_runs(suite: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from `git rebase --exec "batchhook …"`, or from a hook of the user's own."""
    suite.commit("one", one__txt="1")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_DATE", "GIT_SEQUENCE_EDITOR", "GIT_PREFIX"):
        monkeypatch.setenv(name, "2001-01-01T00:00:00")
    monkeypatch.setenv("GIT_EXEC_PATH", suite.git("--exec-path"))
    monkeypatch.setenv("PATH", f"{os.environ['GIT_EXEC_PATH']}{os.pathsep}{os.environ['PATH']}")
    assert suite.json("test", "--fresh")["verdict"] == "passed"
    assert suite.json("ci")["verdict"] == "passed"
    command = (
        "env | grep -E '^GIT_(AUTHOR|SEQUENCE|PREFIX|EXEC)' && exit 200;"
        " test $PWD = $(pwd -P) || exit 201; ! test -f one.txt"
    )
    assert "one" in suite.batchhook("bisect", "--exec", command, "HEAD~", "HEAD")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("way", ["variables", "option"])
def test_a_repository_that_only_variables_make_safe(
    project: Repository, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """`safe.directory` from the environment holds for all our git calls, also for those after the hook."""
    project.commit("break it", calculator__py=CALCULATOR.replace("a + b", "a * b"))
    for path in (project.top, *project.top.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    if way == "variables":
        values = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    else:  # as git exports `git -c safe.directory=*`
        values = {"GIT_CONFIG_PARAMETERS": "'safe.directory=*'"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    for number in range(2, 6):
        project.commit(f"change {number}")
    (failure,) = project.json("wait", "1", "--timeout", "60", code=1)["failures"]
    assert failure["attribution"]["change"] == project.head("HEAD~4")
    assert project.json("status")["open"]["branch"] == "main"
    assert project.json("ci", code=1)["verdict"] == "critical"
    project.batchhook("rollback", "1", "--commit", "-y")
    assert project.read("calculator.py") == CALCULATOR
    project.batchhook("undo", "-y")
    project.write("calculator.py", CALCULATOR)
    assert project.json("record", "calculator.py")["filled"] == 1


def test_what_hook_frameworks_add_is_removed() -> None:
    added = {"PRE_COMMIT": "1", "PRE_COMMIT_FROM_REF": "x", "BATCHHOOK_INTERPRETER": "/python", "VIRTUAL_ENV": "/own"}
    kept = {"PRE_COMMIT_HOME": "/cache", "PRE_COMMIT_COLOR": "never", "BATCHHOOK_WAIT": "0", "LANG": "C"}
    assert clean_environment(added | kept) == kept | {"PATH": os.defpath, "BATCHHOOK_RUNNING": "1"}
