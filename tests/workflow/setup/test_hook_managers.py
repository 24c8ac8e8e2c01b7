"""Hook managers that come before and after batchhook: each hook runs once, in any order of installation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from batchhook.core.hook_text import MARK
from tests.driving import CALCULATOR, TESTS, Repository

CONFIGURATION = """\
default_install_hook_types: [pre-commit, post-commit]
repos:
- repo: local
  hooks:
"""
HOOK = """\
  - {{id: {id}, name: a, entry: {entry}, language: system, always_run: true, pass_filenames: false, verbose: true,
     stages: [{stage}]}}
"""
LOCAL = "".join(
    HOOK.format(id=stage, entry=f"sh -c 'echo {stage} >>../log'", stage=stage)
    for stage in ("pre-commit", "post-commit")
)
HOOKS = ("pre-commit", "post-commit", "post-rewrite", "post-merge")  # the frameworks know no post-applypatch
OURS = "".join(HOOK.format(id=f"batchhook-{name}", entry=f"batchhook-hook {name}", stage=name) for name in HOOKS)


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def suite(bare_repository: Repository) -> Repository:
    """A repository with a suite, without hooks."""
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    return bare_repository


def run(repository: Repository, *command: str) -> None:
    done = subprocess.run(command, cwd=repository.top, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def configure(repository: Repository, hooks: str) -> None:
    repository.write(".pre-commit-config.yaml", CONFIGURATION + hooks)
    repository.commit("configure")


def commit(repository: Repository, subject: str) -> tuple[list[str], list[str]]:
    """Commit; return the lines that the framework's hooks wrote, and ours."""
    log = repository.top.parent / "log"
    log.unlink(missing_ok=True)
    lines = [line.strip() for line in repository.commit(subject).splitlines()]
    return log.read_text().split() if log.exists() else [], [line for line in lines if line.startswith("batchhook: ")]


def checks(repository: Repository, code: int = 0) -> dict[str, str]:
    return {check["name"]: check["detail"] for check in repository.json("doctor", code=code)["checks"]}


@pytest.mark.parametrize("program", ["pre-commit", "prek"])
@pytest.mark.parametrize("order", ["FBFB", "BFBF"])
def test_installed_again_in_any_order(suite: Repository, program: str, order: str) -> None:
    configure(suite, LOCAL)
    for count, tool in enumerate(order, 1):
        if tool == "F":
            run(suite, program, "install")
        else:
            suite.batchhook("install")
        if count > 1:
            assert commit(suite, f"c{count}") == (["pre-commit", "post-commit"], [f"batchhook: batch 1, {count - 1}/5"])
    details = checks(suite)
    assert details["hook post-commit"] == f"in place (git → {program} → batchhook)"
    assert details["hook post-rewrite"] == "in place"

    suite.batchhook("uninstall")
    assert commit(suite, "after") == (["pre-commit", "post-commit"], [])
    assert not list((suite.top / ".git/hooks").glob("*batchhook*"))


@pytest.mark.parametrize("program", ["pre-commit", "prek"])
def test_the_framework_can_be_uninstalled(suite: Repository, program: str) -> None:
    configure(suite, LOCAL)
    run(suite, program, "install")
    suite.batchhook("install")
    run(suite, program, "uninstall")
    assert commit(suite, "a") == ([], ["batchhook: batch 1, 1/5"])
    assert checks(suite)["hook post-commit"] == "in place"


def test_a_hook_of_ones_own_runs_under_both(suite: Repository) -> None:
    configure(suite, LOCAL)
    hook = suite.top / ".git/hooks/post-commit"
    hook.write_text("#!/bin/sh\necho mine >>../log\n")
    hook.chmod(0o755)
    for _ in range(2):
        run(suite, "pre-commit", "install")
        suite.batchhook("install")
    assert commit(suite, "a") == (["pre-commit", "mine", "post-commit"], ["batchhook: batch 1, 1/5"])
    chain = "git → pre-commit → batchhook → .git/hooks/post-commit.before-batchhook"
    assert checks(suite)["hook post-commit"] == f"in place ({chain})"
    suite.batchhook("uninstall")
    assert commit(suite, "b") == (["pre-commit", "mine", "post-commit"], [])


def test_an_earlier_version_called_the_framework(suite: Repository) -> None:
    configure(suite, LOCAL)
    run(suite, "prek", "install")
    hook = suite.top / ".git/hooks/post-commit"
    hook.rename(hook.with_name("post-commit.before-batchhook"))
    hook.write_text(f"#!/bin/sh\n{MARK}\n")
    suite.batchhook("install")
    assert commit(suite, "a") == (["pre-commit", "post-commit"], ["batchhook: batch 1, 1/5"])


def test_managers_that_call_each_other_end(suite: Repository) -> None:
    hook = suite.top / ".git/hooks/post-commit"
    hook.write_text("#!/bin/sh\necho manager >>../log\n")
    hook.chmod(0o755)
    suite.batchhook("install")
    with hook.with_name("post-commit.before-batchhook").open("a") as previous:
        previous.write(".git/hooks/post-commit.old\n")
    shutil.copy(hook, hook.with_name("post-commit.old"))  # ours, as the manager keeps it
    assert commit(suite, "a") == (["manager"], ["batchhook: batch 1, 1/5"])
    assert "call each other" in checks(suite, code=3)["hook post-commit"]
    suite.batchhook("install")
    assert not hook.with_name("post-commit.old").exists()


def test_a_manager_that_renamed_ours_and_calls_it_runs_once(suite: Repository) -> None:
    hook = suite.top / ".git/hooks/post-commit"
    suite.batchhook("install")
    hook.rename(hook.with_name("post-commit.old"))
    for path in (hook, hook.with_name("post-commit.before-batchhook")):
        path.write_text("#!/bin/sh\necho manager >>../log\n.git/hooks/post-commit.old\n")
        path.chmod(0o755)
    assert commit(suite, "a") == (["manager"], ["batchhook: batch 1, 1/5"])
    assert checks(suite)["hook post-commit"].endswith("(git → .git/hooks/post-commit → batchhook)")


def test_a_nested_commit_in_a_hook_runs_all_hooks(suite: Repository) -> None:
    hook = suite.top / ".git/hooks/post-commit"
    hook.write_text(
        "#!/bin/sh\necho mine >>../log\n[ -e stamp ] || { touch stamp; git add stamp; git commit -qm stamp; }\n"
    )
    hook.chmod(0o755)
    suite.batchhook("install")
    ran, lines = commit(suite, "a")
    assert ran == ["mine", "mine"]
    assert lines[-1] == "batchhook: batch 1, 2/5"
    assert suite.open()[1] == ["a", "stamp"]


@pytest.mark.parametrize("program", ["pre-commit", "prek"])
def test_by_the_framework_alone_before_the_first_commit(suite: Repository, program: str) -> None:
    configure(suite, OURS)
    run(suite, program, "install", "-t", "pre-commit")
    assert f"{program} install -t pre-commit -t post-commit" in suite.batchhook("install", code=3)
    for name in HOOKS:
        run(suite, program, "install", "-t", name)
    details = checks(suite)
    assert details["hook post-commit"] == (
        f"run by .pre-commit-config.yaml (git → {program} → batchhook (.pre-commit-config.yaml))"
    )
    assert "the next commit creates it" in details["database"]
    assert "remove batchhook's hooks from that file" in suite.batchhook("uninstall", code=3)
    installation = suite.json("install")
    assert (installation["run_by"], installation["written"]) == (".pre-commit-config.yaml", [])
    assert commit(suite, "a")[1] == ["batchhook: batch 1, 1/5"]


def test_both_ways_at_once_are_reported(suite: Repository) -> None:
    suite.batchhook("install")
    configure(suite, OURS)
    for name in HOOKS:
        run(suite, "prek", "install", "-t", name)
    assert "batchhook runs 2 times for one commit" in checks(suite, code=3)["hook post-commit"]
    suite.batchhook("uninstall")
    assert checks(suite)["hook post-commit"].startswith("run by ")


def test_a_hook_that_is_named_in_a_comment_is_not_run(suite: Repository) -> None:
    configure(suite, LOCAL + "".join(f"#{line}" for line in OURS.splitlines(keepends=True)))
    run(suite, "prek", "install")
    suite.batchhook("install")
    assert commit(suite, "a")[1] == ["batchhook: batch 1, 1/5"]


def install_lefthook(repository: Repository) -> None:
    """Do what `lefthook install` does, and lefthook itself with the next hook after its configuration has changed."""
    hooks = repository.top / ".git/hooks"
    for name in ("pre-commit", "post-commit"):
        hook = hooks / name
        text = f'#!/bin/sh\n\ncall_lefthook()\n{{\n  echo "$2" >>../log\n}}\n\ncall_lefthook run "{name}" "$@"\n'
        if hook.exists() and "call_lefthook" not in hook.read_text():
            hook.rename(hooks / f"{name}.old")
        hook.write_text(text)
        hook.chmod(0o755)


@pytest.mark.parametrize("order", ["LB", "BLB", "LBLB"])
def test_lefthook_runs_beside(suite: Repository, order: str) -> None:
    for tool in order:
        if tool == "L":
            install_lefthook(suite)
        else:
            suite.batchhook("install")
    assert commit(suite, "a") == (["pre-commit", "post-commit"], ["batchhook: batch 1, 1/5"])
    assert checks(suite)["hook post-commit"].startswith("in place (git → batchhook → ")
    suite.batchhook("uninstall")
    assert commit(suite, "b") == (["pre-commit", "post-commit"], [])
    assert {path.name for path in (suite.top / ".git/hooks").iterdir() if path.suffix != ".sample"} == {
        "pre-commit",
        "post-commit",
    }


def test_lefthook_that_took_our_place_is_reported(suite: Repository) -> None:
    install_lefthook(suite)
    suite.batchhook("install")
    install_lefthook(suite)
    assert commit(suite, "a") == (["pre-commit", "post-commit"], [])
    assert checks(suite, code=3)["hook post-commit"].startswith("not batchhook's")
    suite.batchhook("uninstall")
    assert commit(suite, "b") == (["pre-commit", "post-commit"], [])
    assert not [path for path in (suite.top / ".git/hooks").iterdir() if path.suffix not in {".sample", ""}]
