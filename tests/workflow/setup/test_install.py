"""Installing native hooks: chained, idempotent, found as git finds them, and removed without a trace."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from batchhook.core.hook_text import HOOKS
from batchhook.workflow.setup import hook_files
from batchhook.workflow.setup.hook_scripts import GIT_HOOKS, script
from tests.driving import Repository


def _hooks(repository: Repository) -> dict[str, str]:
    folder = Path(repository.git("rev-parse", "--path-format=absolute", "--git-path", "hooks"))
    return {path.name: path.read_text() for path in folder.iterdir() if path.suffix != ".sample"}


def test_installing_twice_is_installing_once(repository: Repository) -> None:
    before = _hooks(repository)
    assert set(before) == set(HOOKS)
    assert "already installed" in repository.batchhook("install")
    assert _hooks(repository) == before


def test_what_was_there_runs_first_and_comes_back(bare_repository: Repository) -> None:
    hooks = bare_repository.top / ".git/hooks"
    for name in HOOKS:
        (hooks / name).write_text(f"#!/bin/sh\necho mine: {name} >&2\n[ {name} != post-rewrite ] || cat >pairs\n")
        (hooks / name).chmod(0o755)
    before = _hooks(bare_repository)
    bare_repository.batchhook("install")
    output = bare_repository.commit("a").splitlines()
    assert output == ["mine: pre-commit", "mine: post-commit", "batchhook: batch 1, 1/5"]
    assert "mine: post-rewrite" in bare_repository.commit("b", "--amend")
    assert bare_repository.read("pairs").split()[1] == bare_repository.head()
    bare_repository.batchhook("uninstall")
    assert _hooks(bare_repository) == before


def test_a_chained_pre_commit_hook_still_blocks(bare_repository: Repository) -> None:
    hook = bare_repository.top / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    bare_repository.batchhook("install")
    bare_repository.write("a", "a")
    bare_repository.git("add", "a")
    assert bare_repository.git_both("commit", "-qm", "a", check=False).returncode == 1


def test_uninstall_leaves_nothing(repository: Repository) -> None:
    repository.batchhook("uninstall")
    assert _hooks(repository) == {}
    assert "batchhook has no hooks installed here" in repository.batchhook("uninstall")


def test_a_shared_hooks_folder_needs_an_option(bare_repository: Repository, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    bare_repository.git("config", "--global", "core.hooksPath", str(shared))
    bare_repository.batchhook("install", "--shared")
    assert set(_hooks(bare_repository)) == {path.name for path in shared.iterdir()} == set(HOOKS)
    assert bare_repository.commit("a") == "batchhook: batch 1, 1/5"
    assert "already installed" in bare_repository.batchhook("install")
    bare_repository.batchhook("uninstall")
    assert not list(shared.iterdir())


def test_a_shared_folder_under_version_control_gets_no_path_of_this_machine(
    bare_repository: Repository, tmp_path: Path
) -> None:
    dotfiles = tmp_path / "dotfiles"
    (dotfiles / "hooks").mkdir(parents=True)
    bare_repository.git("init", "-q", str(dotfiles))
    bare_repository.git("config", "--global", "core.hooksPath", str(dotfiles / "hooks"))
    assert "it belongs to a work tree" in bare_repository.batchhook("install", "--shared", code=3)
    assert not list((dotfiles / "hooks").iterdir())


def test_a_hook_that_git_ignores_is_not_said_to_run(bare_repository: Repository) -> None:
    hook = bare_repository.top / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o644)
    assert bare_repository.json("install")["chained"] == []
    assert bare_repository.commit("a") == "batchhook: batch 1, 1/5"
    bare_repository.batchhook("uninstall")
    assert hook.read_text() == "#!/bin/sh\nexit 1\n"
    assert hook.stat().st_mode & 0o777 == 0o644


def test_a_replaced_hook_is_kept_when_another_tool_replaced_ours(bare_repository: Repository) -> None:
    hook = bare_repository.top / ".git/hooks/post-commit"
    for number in (1, 2):  # the second overwrites our hook
        hook.write_text(f"#!/bin/sh\necho {number} >&2\n")
        hook.chmod(0o755)
        bare_repository.batchhook("install")
    assert bare_repository.commit("a") == "2\nbatchhook: batch 1, 1/5"
    assert "echo 1" in hook.with_name("post-commit.before-batchhook.1").read_text()


def test_what_another_tool_appended_runs_after_the_next_installation_and_stays(bare_repository: Repository) -> None:
    bare_repository.batchhook("install")
    hook = bare_repository.top / ".git/hooks/post-commit"
    with hook.open("a") as file:
        file.write("## START OF ANOTHER TOOL\necho another >&2\n")
    details = {check["name"]: check["detail"] for check in bare_repository.json("doctor", code=3)["checks"]}
    assert details["hook post-commit"].startswith("written by another")
    bare_repository.batchhook("install")
    assert bare_repository.commit("a") == "another\nbatchhook: batch 1, 1/5"
    bare_repository.batchhook("uninstall")
    assert bare_repository.commit("b") == "another"


def test_a_disk_without_space_leaves_the_hook_that_is_there(
    bare_repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = bare_repository.top / ".git/hooks/post-commit"
    hook.write_text("#!/bin/sh\necho mine >&2\n")
    hook.chmod(0o755)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(hook))

    monkeypatch.setattr(os, "fchmod", fail)
    with pytest.raises(OSError, match="No space"):
        hook_files.write_hook(hook.parent, "post-commit")
    assert hook.read_text() == "#!/bin/sh\necho mine >&2\n"
    assert [path.name for path in hook.parent.glob("*post-commit*") if path.suffix != ".sample"] == ["post-commit"]


def test_a_hooks_path_from_the_environment_cannot_be_overridden(bare_repository: Repository, tmp_path: Path) -> None:
    variables = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": str(tmp_path)}
    assert "comes from the environment" in bare_repository.batchhook("install", code=3, **variables)


def test_from_a_linked_worktree(bare_repository: Repository, tmp_path: Path) -> None:
    bare_repository.commit("first")
    bare_repository.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repository(tmp_path / "side")
    side.batchhook("install")
    assert side.commit("a") == "batchhook: batch 1, 1/5"
    assert bare_repository.commit("b") == "batchhook: batch 2, 1/5"


def test_from_a_folder_below(repository: Repository) -> None:
    (repository.top / "deep/down").mkdir(parents=True)
    below = Repository(repository.top / "deep/down")
    assert below.json("status")["open"]["changes"] == []


def test_doctor_on_a_good_repository(project: Repository) -> None:
    found = project.json("doctor")
    assert found["ok"]
    checks = {check["name"]: check["detail"] for check in found["checks"]}
    assert checks["hook post-commit"] == "in place"
    assert checks["discovery"] == "2 tests in 1 file"
    assert checks["engine"].startswith("unittest")
    assert checks["python"]


def test_doctor_says_what_to_do(bare_repository: Repository) -> None:
    found = bare_repository.json("doctor", code=3)
    hints = {check["name"]: check["hint"] for check in found["checks"] if not check["ok"]}
    assert hints["hook post-commit"] == "batchhook install"
    assert "start_dir" in hints["discovery"]
    assert hints["problem"] == "batchhook install"


def test_the_shell_and_python_know_the_same_hooks() -> None:
    listing = script("find-previous.sh").read_text().split("for name in ")[1].split("; do")[0]
    assert set(listing.replace("\\", "").split()) == GIT_HOOKS


@pytest.mark.parametrize("name", [*HOOKS, "find-previous.sh", "run-previous.sh"])
def test_the_hooks_are_posix_shell(name: str) -> None:
    text = script(name).read_text()
    assert text.startswith("#!/bin/sh\n" if name in HOOKS else "# ")
    for bashism in ("[[", "function ", "local ", "<<<", "$'"):
        assert bashism not in text
