"""Which of git's variables reach our own git calls, and which the project's code."""

from __future__ import annotations

import subprocess

import pytest

from batchhook.git.environment import background_environment, project_environment, scrub_environment

# As git 2.39 exports them to post-commit, to the sequence of a rebase, and from its command line.
HOOK = {
    "GIT_AUTHOR_DATE": "@1700000000 +0000",
    "GIT_AUTHOR_EMAIL": "x@example.org",
    "GIT_AUTHOR_NAME": "X",
    "GIT_CHERRY_PICK_HELP": "Resolve all conflicts manually",
    "GIT_COMMITTER_DATE": "@1700000000 +0000",
    "GIT_CONFIG_PARAMETERS": "'safe.directory=*'",
    "GIT_DIR": "/elsewhere/.git",
    "GIT_EDITOR": ":",
    "GIT_EXEC_PATH": "/usr/lib/git-core",
    "GIT_INDEX_FILE": ".git/index",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NAME_OF_THE_FUTURE": "1",
    "GIT_PREFIX": "",
    "GIT_REFLOG_ACTION": "rebase",
    "GIT_SEQUENCE_EDITOR": ":",
}
SESSION = {
    "GIT_CEILING_DIRECTORIES": "/home",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_GLOBAL": "/home/ada/.gitconfig",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_PYTHON_REFRESH": "quiet",
    "GIT_SSH_COMMAND": "ssh -v",
}
OTHERS = {"HOME": "/home/ada", "GITHUB_ACTIONS": "true", "PATH": "/usr/bin:/bin"}


def local_variables() -> set[str]:
    listed = subprocess.run(["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True).stdout
    return set(listed.split())


def test_the_projects_code_gets_nothing_of_the_hooks() -> None:
    everything = HOOK | SESSION | OTHERS | dict.fromkeys(local_variables() - SESSION.keys(), "x")
    assert project_environment(everything) == SESSION | OTHERS


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("/usr/lib/git-core:/usr/bin", "/usr/bin"),
        ("node_modules/.bin:/usr/lib/git-core:/usr/bin", "node_modules/.bin:/usr/bin"),  # as under husky
        ("/usr/lib/git-core:/usr/lib/git-core", "/usr/lib/git-core"),  # the second is the user's
        ("/usr/bin", "/usr/bin"),
    ],
)
def test_nor_the_folder_of_gits_programs(path: str, clean: str) -> None:
    assert project_environment({"GIT_EXEC_PATH": "/usr/lib/git-core", "PATH": path}) == {"PATH": clean}
    assert project_environment({"PATH": path}) == {"PATH": path}


def test_our_own_calls_keep_the_users_configuration_and_identity() -> None:
    kept = {name for name in HOOK if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER", "GIT_CONFIG", "GIT_EXEC"))}
    clean = scrub_environment(HOOK | SESSION | OTHERS)
    assert clean == {name: HOOK[name] for name in kept} | SESSION | OTHERS
    assert scrub_environment(clean) == clean
    configuration = {"GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"}
    assert scrub_environment(dict.fromkeys(local_variables(), "x")).keys() <= configuration


def test_processes_that_outlive_a_hook_know_no_commit() -> None:
    assert background_environment(HOOK | OTHERS).keys() - OTHERS.keys() == {"GIT_CONFIG_PARAMETERS", "GIT_EXEC_PATH"}
    mine = {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"}
    authors = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
    assert background_environment(HOOK | mine).items() >= (mine | authors).items()
    assert not {"GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"} & background_environment(HOOK | mine).keys()
