"""Hooks that stay untouched: git looks in batchhook's own folder, and what was there runs under its name and place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from batchhook.core.hook_text import HOOKS, MARK
from tests.driving import Repository

# husky 9.1, as its `prepare` script writes it
HUSKY_HOOK = '#!/usr/bin/env sh\n. "$(dirname "$0")/h"'
HUSKY_H = """\
#!/usr/bin/env sh
n=$(basename "$0")
s=$(dirname "$(dirname "$0")")/$n

[ ! -f "$s" ] && exit 0

export PATH="node_modules/.bin:$PATH"
sh -e "$s" "$@"
c=$?

[ $c != 0 ] && echo "husky - $n script failed (code $c)"
exit $c
"""


def run_husky(repository: Repository) -> None:
    """Do what `husky` does, at each `npm install`."""
    repository.git("config", "core.hooksPath", ".husky/_")
    repository.write(".husky/_/.gitignore", "*")
    repository.write(".husky/_/h", HUSKY_H)
    for name in ("pre-commit", "commit-msg", "post-commit", "post-rewrite", "pre-push"):
        write_hook(repository.top / ".husky/_" / name, HUSKY_HOOK)


def write_hook(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def log_hook(repository: Repository, name: str) -> str:
    """A hook that writes down its own path."""
    return f'#!/bin/sh\necho "{name} $0" >>"{repository.top.parent}/log"\n'


def read_log(repository: Repository) -> list[str]:
    log = repository.top.parent / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def stop(repository: Repository) -> bool:
    """Whether the hooks stop a commit."""
    repository.write("forbidden", "")
    stopped = repository.git_both("commit", "-qm", "no", "--allow-empty", check=False).returncode != 0
    (repository.top / "forbidden").unlink()
    return stopped


def test_husky_runs_by_its_own_name_and_batchhook_beside_it(bare_repository: Repository) -> None:
    repository = bare_repository
    repository.write(".husky/pre-commit", "[ ! -f forbidden ]\n")
    run_husky(repository)
    repository.commit("husky")
    before = repository.read(".git/config"), sorted((repository.top / ".husky/_").iterdir())
    assert ".husky/_" in repository.batchhook("install")
    assert stop(repository)
    assert repository.commit("a") == "batchhook: batch 1, 1/5"

    run_husky(repository)  # npm install
    assert stop(repository)
    assert repository.commit("b") == "batchhook: batch 1, 2/5"
    checks = {check["name"]: check for check in repository.json("doctor", code=3)["checks"]}  # no tests here
    assert checks["hooks folder"]["ok"]
    assert checks["hook pre-commit"]["detail"] == "in place (git → batchhook → .husky/_/pre-commit)"

    repository.batchhook("uninstall")
    assert (repository.read(".git/config"), sorted((repository.top / ".husky/_").iterdir())) == before
    assert not (repository.top / ".git/batchhook-hooks").exists()
    assert stop(repository)


@pytest.fixture
def tracked(bare_repository: Repository) -> Repository:
    """A repository with hooks under version control, and batchhook installed."""
    for name in ("pre-commit", "commit-msg"):
        write_hook(bare_repository.top / ".githooks" / name, log_hook(bare_repository, name))
    bare_repository.git("config", "core.hooksPath", ".githooks")
    bare_repository.commit("hooks")
    bare_repository.batchhook("install")
    read_log(bare_repository)
    return bare_repository


def test_a_tracked_folder_stays_clean(tracked: Repository) -> None:
    assert not tracked.git("status", "--porcelain")
    assert tracked.commit("a") == "batchhook: batch 1, 1/5"
    assert read_log(tracked) == ["pre-commit .githooks/pre-commit", "commit-msg .githooks/commit-msg"]
    tracked.batchhook("uninstall")
    assert not tracked.git("status", "--porcelain")


def test_hooks_that_a_colleague_adds_run_at_once(tracked: Repository) -> None:
    write_hook(tracked.top / ".githooks/prepare-commit-msg", log_hook(tracked, "prepare"))
    tracked.commit("a")
    assert "prepare .githooks/prepare-commit-msg" in read_log(tracked)


def test_a_linked_work_tree_runs_its_own_hooks(tracked: Repository, tmp_path: Path) -> None:
    tracked.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repository(tmp_path / "side")
    write_hook(side.top / ".githooks/pre-commit", log_hook(tracked, "of the side"))
    assert side.commit("a") == "batchhook: batch 1, 1/5"
    assert read_log(tracked)[0] == "of the side .githooks/pre-commit"


@pytest.mark.parametrize("is_copied", [False, True], ids=["moved", "copied"])
def test_a_repository_in_another_place_falls_back_to_the_users_hooks(tracked: Repository, *, is_copied: bool) -> None:
    top = tracked.top.with_name("else[wh]ere *")
    (shutil.copytree if is_copied else shutil.move)(tracked.top, top)
    moved = Repository(top)
    assert moved.commit("a") == ""
    assert read_log(tracked) == ["pre-commit .githooks/pre-commit", "commit-msg .githooks/commit-msg"]
    checks = {check["name"]: check for check in moved.json("doctor", code=3)["checks"]}
    assert "moved or copied" in checks["hooks folder"]["detail"]
    assert checks["hooks folder"]["hint"] == "batchhook install"
    moved.batchhook("install")
    assert "batchhook: batch 1, 2/5" in moved.commit("b")
    assert len(read_log(tracked)) == 2
    moved.batchhook("uninstall")
    assert "includeIf" not in moved.read(".git/config")


def test_the_hooks_path_of_now_holds(tracked: Repository) -> None:
    write_hook(tracked.top / "hooks/pre-commit", log_hook(tracked, "new"))
    tracked.git("config", "core.hooksPath", "hooks")
    assert tracked.commit("a") == "batchhook: batch 1, 1/5"
    assert read_log(tracked) == ["new hooks/pre-commit"]
    tracked.git("config", "--unset", "core.hooksPath")
    assert tracked.commit("b") == "batchhook: batch 1, 2/5"
    assert read_log(tracked) == []


def test_an_earlier_installation_leaves_the_tracked_folder(tracked: Repository) -> None:
    tracked.batchhook("uninstall")
    ours = f"#!/bin/sh\n{MARK}\nBATCHHOOK_INTERPRETER=/nowhere/python\n"
    hook = tracked.top / ".githooks/pre-commit"
    hook.rename(hook.with_name("pre-commit.before-batchhook"))
    write_hook(hook, ours)
    tracked.batchhook("install")
    assert not tracked.git("status", "--porcelain")
    assert tracked.commit("a") == "batchhook: batch 1, 1/5"


def test_a_linked_hooks_folder_stays_clean(bare_repository: Repository) -> None:
    write_hook(bare_repository.top / "githooks/pre-commit", "#!/bin/sh\necho mine >&2\n")
    shutil.rmtree(bare_repository.top / ".git/hooks")
    (bare_repository.top / ".git/hooks").symlink_to("../githooks")
    bare_repository.commit("hooks")
    bare_repository.batchhook("install")
    assert not bare_repository.git("status", "--porcelain")
    assert bare_repository.commit("a") == "mine\nbatchhook: batch 1, 1/5"


def test_the_hooks_of_all_repositories_run_and_are_left_alone(bare_repository: Repository, tmp_path: Path) -> None:
    write_hook(tmp_path / "shared/pre-commit", log_hook(bare_repository, "shared"))
    bare_repository.git("config", "--global", "core.hooksPath", str(tmp_path / "shared"))
    bare_repository.batchhook("install")
    assert bare_repository.commit("a") == "batchhook: batch 1, 1/5"
    assert read_log(bare_repository) == [f"shared {tmp_path}/shared/pre-commit"]
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["pre-commit"]


@pytest.mark.parametrize(
    ("hook", "line"),
    [
        ('#!/bin/sh\n"$0.d/first"\n', "first"),
        ('#!/bin/sh\n. "${0%/*}/library"\n', "library"),
        (
            "#!/usr/bin/env python3\nimport sys\nopen('../log', 'a').write(sys.argv[0][-22:] + '\\n')\n",
            ".git/hooks/post-commit",
        ),
    ],
    ids=["folder-d", "library", "python"],
)
def test_a_hook_that_goes_by_its_path_stays_in_git_hooks(bare_repository: Repository, hook: str, line: str) -> None:
    hooks = bare_repository.top / ".git/hooks"
    write_hook(hooks / "post-commit", hook)
    write_hook(hooks / "post-commit.d/first", "#!/bin/sh\necho first >>../log\n")
    write_hook(hooks / "library", "echo library >>../log\n")
    before = sorted(hooks.rglob("*"))
    bare_repository.batchhook("install")
    assert bare_repository.commit("a") == "batchhook: batch 1, 1/5"
    assert read_log(bare_repository) == [line]
    bare_repository.batchhook("uninstall")
    assert sorted(hooks.rglob("*")) == before


def test_hooks_are_missing_when_git_looks_elsewhere(tracked: Repository) -> None:
    config = tracked.top / ".git/config"
    config.write_text(config.read_text() + "[core]\n\thooksPath = .githooks\n")
    checks = {check["name"]: check for check in tracked.json("doctor", code=3)["checks"]}
    assert not checks["hooks folder"]["ok"]
    assert not any(checks[f"hook {name}"]["ok"] for name in HOOKS)
