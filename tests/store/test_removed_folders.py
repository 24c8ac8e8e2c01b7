"""Folders of the state that were removed, to free space or by an incomplete restore: they are created again."""

from __future__ import annotations

import shutil

from tests.driving import Repository


def test_all_removed_folders_are_created_again(project: Repository) -> None:
    project.write(".git/info/exclude", ".batchhook.toml\n")
    project.write(".batchhook.toml", "batch_size = 1\n")
    project.commit("first")
    project.batchhook("wait", "1")
    state = project.top / ".git/batchhook"
    for path in state.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif not path.name.startswith("state.db"):
            path.unlink()
    shutil.rmtree(project.top / ".git/worktrees", ignore_errors=True)
    project.commit("second")
    project.batchhook("wait", "2")
    assert "passed" in project.batchhook("analyze", "2")
    project.batchhook("record", "--no-wait")
    assert (state / "backups/batch_2/manifest.json").exists()
    project.batchhook("rollback", "2", "-y")
    project.batchhook("undo", "-y")
    project.batchhook("rollback", "2", "--from-backup", "-y")
    project.batchhook("doctor")
