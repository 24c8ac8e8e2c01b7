"""Places of private work trees: which is chosen, and that others cannot replace what is in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from batchhook.store import worktree_places
from batchhook.store.state_dir import StateDir
from batchhook.store.worktree_places import checkout_name, choose_root, create_root, list_all_worktrees, try_lock


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    """Return the state folder of a repository, which is below ``.git``."""
    state = StateDir(tmp_path / "project/.git/batchhook")
    state.root.mkdir(parents=True)
    state.create()
    return state


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files of all users."""
    base = tmp_path / "shared"
    base.mkdir()
    base.chmod(0o1777)
    monkeypatch.setattr(worktree_places, "_BASES", (str(tmp_path / "missing"), str(base)))
    return base


def plant_link(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)


def plant_dangling_link(folder: Path) -> None:
    folder.symlink_to(folder.parent / "nowhere")


def plant_open_folder(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def plant_others_folder(folder: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a folder to another user")
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)


def plant_file(folder: Path) -> None:
    folder.touch(mode=0o700)


def test_a_folder_for_temporary_files_is_chosen(state: StateDir, base: Path) -> None:
    root = create_root(state, "", state.root)
    assert root == choose_root(state, "", state.root).folder
    assert root.parent.parent == base
    assert not any(part.startswith(".") for part in root.parts)
    assert [folder.stat().st_mode & 0o777 for folder in (root.parent, root)] == [0o700, 0o700]
    assert create_root(StateDir(state.root / "other"), "", state.root) != root


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("plant", [plant_link, plant_dangling_link, plant_open_folder, plant_others_folder, plant_file])
def test_what_others_planted_is_not_used(
    state: StateDir, base: Path, plant: Callable[[Path], None], level: int
) -> None:
    root = state.worktrees_below(base)
    planted = (root.parent, root)[level]
    for parent in (base, root.parent)[1 : 1 + level]:
        parent.mkdir(mode=0o700)
    plant(planted)
    before = sorted(base.rglob("*"))
    assert create_root(state, "", state.root) == state.worktrees
    assert sorted(base.rglob("*")) == before
    chosen = choose_root(state, str(base), state.root)
    assert (chosen.folder, chosen.problem) == (state.worktrees, f"{planted} is not a folder that is yours alone")


@pytest.mark.parametrize(("mode", "is_safe"), [(0o1777, True), (0o777, False), (0o775, True), (0o755, True)])
def test_a_folder_in_which_others_can_rename_is_not_used(
    state: StateDir, base: Path, mode: int, *, is_safe: bool
) -> None:
    base.chmod(mode)
    assert (create_root(state, "", state.root) != state.worktrees) == is_safe


def test_where_no_file_can_be_executed_only_the_setting_leads(
    state: StateDir, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worktree_places, "_is_noexec", lambda folder: folder == base)
    assert choose_root(state, "", state.root).folder == state.worktrees
    chosen = choose_root(state, str(base), state.root)
    assert chosen.folder.parent.parent == base
    assert chosen.problem == f"{base} is mounted noexec: no file there can be executed"


def test_the_setting_may_be_relative_to_the_work_tree_or_the_home(
    state: StateDir, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for setting, folder in (("trees", tmp_path / "project/trees"), ("~/.trees", tmp_path / ".trees")):
        assert choose_root(state, setting, tmp_path / "project").problem == f"{folder}: No such file or directory"
        folder.mkdir()
        assert choose_root(state, setting, tmp_path / "project").folder.parent.parent == folder


def test_a_state_folder_without_a_hidden_part_holds_them_itself(base: Path, tmp_path: Path) -> None:
    state = StateDir(tmp_path / "project.git/batchhook")
    assert choose_root(state, "", tmp_path).folder == state.worktrees
    assert choose_root(state, str(base), tmp_path).folder.parent.parent == base


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("project", "project"),
        ("my project.d", "my project.d"),
        (".dotfiles", "dotfiles"),
        ("...", "project"),
        ("a:b\nc", "a_b_c"),
        ("ä" * 120, "ä" * 100),
        ("/", "project"),
    ],
)
def test_the_name_is_that_of_the_work_tree(name: str, expected: str) -> None:
    assert checkout_name(Path("/home/ada", name)) == expected


def test_a_lock_keeps_others_out_until_it_is_released(state: StateDir) -> None:
    folder = state.worktrees / "1"
    with worktree_places.create_and_lock(folder) as is_held:
        assert is_held
        with try_lock(folder) as is_free, worktree_places.create_and_lock(folder) as is_free_too:
            assert (is_free, is_free_too) == (False, False)
    with try_lock(folder) as is_held:
        assert is_held
        worktree_places.remove_empty(folder)
    assert not folder.exists()
    with try_lock(folder) as is_held:
        assert not is_held


def test_nothing_else_in_the_state_folder_is_taken_for_a_work_tree(state: StateDir) -> None:
    (state.restorations / "1/objects").mkdir(parents=True)
    (state.root / f"batchhook-{os.geteuid()}").mkdir()
    assert list_all_worktrees(state.worktrees) == []
