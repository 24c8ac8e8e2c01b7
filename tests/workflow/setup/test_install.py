"""Installing native hooks: chained, idempotent, found as git finds them, and removed without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.workflow.setup.hook_scripts import HOOKS, script
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


def test_one_of_the_two_ways_is_enough(bare_repository: Repository) -> None:
    hook = bare_repository.top / ".git/hooks/post-commit"
    hook.write_text("#!/bin/sh\n# by pre-commit\n")
    bare_repository.write(".pre-commit-config.yaml", "hooks: [{id: batchhook-post-commit}]\n")
    assert "one of the two ways is enough" in bare_repository.batchhook("install", code=3)
    assert "by pre-commit" in hook.read_text()


def test_uninstall_leaves_nothing(repository: Repository) -> None:
    repository.batchhook("uninstall")
    assert _hooks(repository) == {}
    assert "batchhook has no hooks installed here" in repository.batchhook("uninstall")


def test_a_hooks_folder_of_ones_own(bare_repository: Repository) -> None:
    bare_repository.git("config", "core.hooksPath", ".husky")
    bare_repository.batchhook("install")
    assert set(_hooks(bare_repository)) == set(HOOKS)
    assert bare_repository.top / ".husky" / "post-commit" in (bare_repository.top / ".husky").iterdir()
    assert bare_repository.commit("a") == "batchhook: batch 1, 1/5"


def test_a_shared_hooks_folder_needs_an_option(bare_repository: Repository, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    bare_repository.git("config", "--global", "core.hooksPath", str(shared))
    output = bare_repository.batchhook("install", code=3)
    assert "--shared" in output
    assert not shared.exists()
    bare_repository.batchhook("install", "--shared")
    assert bare_repository.commit("a") == "batchhook: batch 1, 1/5"


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
    assert checks["discovery"].startswith("1 file matches ")
    assert checks["python"]


def test_doctor_says_what_to_do(bare_repository: Repository) -> None:
    found = bare_repository.json("doctor", code=3)
    hints = {check["name"]: check["hint"] for check in found["checks"] if not check["ok"]}
    assert hints["hook post-commit"] == "batchhook install"
    assert "start_dir" in hints["discovery"]
    assert hints["problem"] == "batchhook install"


@pytest.mark.parametrize("name", HOOKS)
def test_the_hooks_are_posix_shell(name: str) -> None:
    text = script(name).read_text()
    assert text.startswith("#!/bin/sh\n")
    for bashism in ("[[", "function ", "local ", "<<<", "$'"):
        assert bashism not in text
