"""A file, a folder or a dangling link where batchhook's state has something else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.driving import Repository

_COMMANDS = ("status", "log", "show", "wait", "test", "record", "operations", "prune", "undo", "risk", "install")


def _put_file(path: Path) -> None:
    path.write_text("junk")


def _put_folder(path: Path) -> None:
    path.mkdir()


def _put_link(path: Path) -> None:
    path.symlink_to("/nonexistent")


@pytest.mark.parametrize(
    ("name", "put"),
    [
        ("", _put_file),
        ("", _put_link),
        ("open", _put_file),
        ("runs", _put_file),
        ("notices", _put_link),
        ("state.db", _put_folder),
        ("journal", _put_folder),
    ],
)
def test_each_command_names_what_is_in_the_way(project: Repository, name: str, put: Callable[[Path], None]) -> None:
    state = project.top / ".git/batchhook"
    path = state / name
    project.commit("one")
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    put(path)
    expected = f"{path} is {'a folder, where' if put is _put_folder else 'not a folder, as'} batchhook's state needs"
    for command in _COMMANDS:
        failed = project.run(command)
        assert failed.returncode == 3, command
        assert failed.stderr.startswith(f"batchhook: {expected}"), command
        assert failed.stderr.endswith(f"hint: move it away: mv {path} {path}.old\n"), command
    failed_checks = [check["detail"] for check in project.json("doctor", code=3)["checks"] if not check["ok"]]
    assert sum(detail.startswith(expected) for detail in failed_checks) == 1
    head = project.head()
    for number in range(6):  # from the hook's fast answer to a full batch
        printed = project.commit(f"change {number}")
        assert "Traceback" not in printed
    assert project.git("rev-list", "--count", f"{head}..HEAD") == "6"
    path.rename(f"{path}.old")
    project.batchhook("install")
    project.batchhook("status")
    project.batchhook("uninstall")


@pytest.mark.parametrize("content", [b"junk" * 5000, b"SQLite format 3\0", b"\0" * 4096])
def test_a_damaged_database_is_named_by_each_command(project: Repository, content: bytes) -> None:
    for path in (project.top / ".git/batchhook").glob("state.db-*"):
        path.unlink()
    (project.top / ".git/batchhook/state.db").write_bytes(content)
    for command in (*_COMMANDS, "doctor"):
        failed = project.run(command)
        assert failed.returncode == 3, command
        assert "the database is damaged (file is not a database)" in failed.stdout + failed.stderr, command
        assert "start over: mv" in failed.stdout + failed.stderr, command
    assert "the database is damaged" in project.commit("one")
    assert project.git("log", "-1", "--format=%s") == "one"
