"""Every error has a clear message, a hint and a meaningful exit code, and loses nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.driving import Repository

COMMANDS = (["status"], ["log"], ["show", "1"], ["wait"], ["analyze", "1"], ["rollback", "1", "-y"], ["undo", "-y"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_not_a_repository(tmp_path: Path, command: list[str]) -> None:
    said = Repository(tmp_path).batchhook(*command, code=3)
    assert "not inside a git repository" in said
    assert "hint:" in said


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_not_installed(bare_repository: Repository, command: list[str]) -> None:
    said = bare_repository.batchhook(*command, code=3)
    assert "not installed" in said
    assert "hint: batchhook install" in said
    assert not (bare_repository.top / ".git/batchhook").exists()


def test_no_such_batch_still_open_and_not_finished(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    assert "no batch 3" in repository.batchhook("analyze", "3", code=3)
    assert "no batch is full yet" in repository.batchhook("wait", code=5)
    repository.commit("a")
    assert "still open" in repository.batchhook("analyze", "1", code=3)
    assert "still open" in repository.batchhook("wait", "1", code=5)
    for name in "bcde":
        repository.commit(name)
    assert "not finished yet" in repository.batchhook("analyze", "1", code=3)
    assert "is waiting for its tests" in repository.batchhook("wait", "1", "--timeout", "0.2", code=4)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[tool.batchhook]\nbatch_sise = 3\n", "unknown setting 'batch_sise'", "'batch_size'"),
        ("[tool.batchhook]\nbatch_size = 'three'\n", "batch_size = 'three'", "docs/guide.md"),
        ("[tool.batchhook]\nbatch_size = 0\n", "batch_size = 0", "docs/guide.md"),
        ("[tool.batchhook\n", "pyproject.toml is not valid TOML", "fix"),
    ],
)
def test_wrong_configuration(repository: Repository, text: str, said: str, hint: str) -> None:
    repository.write("pyproject.toml", text)
    told = repository.batchhook("status", code=3)
    assert said in told
    assert hint in told
    in_hook = repository.commit("a")
    assert said in in_hook
    assert "\n" not in in_hook
    repository.write("pyproject.toml", "")
    assert repository.open() == (1, ["a"])


def test_an_own_file_goes_before_pyproject(repository: Repository) -> None:
    repository.write("pyproject.toml", "[tool.batchhook]\nbatch_size = 2\n")
    repository.write(".batchhook.toml", "batch_size = 3\n")
    assert repository.json("status")["open"]["size"] == 3
    assert json.loads(repository.batchhook("status", "--json", BATCHHOOK_BATCH_SIZE="4"))["open"]["size"] == 4
    assert repository.json("--batch-size", "6", "status")["open"]["size"] == 6


def test_a_newer_database_is_refused(repository: Repository) -> None:
    path = repository.top / ".git/batchhook/state.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    assert "version 99" in repository.batchhook("status", code=3)
    assert "version 99" in repository.commit("a")


def test_a_damaged_database_is_told_and_left_alone(repository: Repository) -> None:
    path = repository.top / ".git/batchhook/state.db"
    damage = b"not a database" * 500
    path.write_bytes(damage)
    said = repository.batchhook("status", code=3)
    assert "damaged" in said
    assert "mv " in said
    assert path.read_bytes() == damage


def test_restart_overwrites_no_pin_and_no_backup(repository: Repository) -> None:
    for name in "abcde":
        repository.commit(name)
    repository.batchhook("wait", "1", "--timeout", "60", code=3)
    repository.batchhook("rollback", "1", "-y")
    state = repository.top / ".git/batchhook"
    pins = repository.git("for-each-ref", "refs/batchhook")
    manifest = (state / "backups/batch_1/manifest.json").read_bytes()
    (state / "state.db").rename(state / "state.db.damaged")
    repository.batchhook("install")
    for name in "fghij":
        repository.commit(name)
    repository.batchhook("wait", "2", "--timeout", "60", code=3)
    repository.batchhook("rollback", "2", "-y")
    assert set(pins.splitlines()) < set(repository.git("for-each-ref", "refs/batchhook").splitlines())
    assert (state / "backups/batch_1/manifest.json").read_bytes() == manifest


def test_a_full_disk_is_told(repository: Repository) -> None:
    from batchhook.errors import StoreError  # noqa: PLC0415
    from batchhook.store.database import Database  # noqa: PLC0415

    database = Database(repository.top / ".git/batchhook/state.db")
    pages = database.connection.execute("PRAGMA page_count").fetchone()[0]
    database.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="disk is full"), database.transaction() as connection:
        connection.execute("INSERT INTO metadata VALUES ('big', ?)", ("x" * 1_000_000,))
    assert database.metadata("big") == ""
    database.close()


def test_errors_as_json(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "batchhook", "-C", str(tmp_path), "status", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert set(json.loads(done.stdout)) == {"error", "hint", "exit_code"}


@pytest.mark.parametrize("words", [["rollback"], ["analyze", "0"], ["analyze", "x"], ["nonsense"], ["--nonsense"]])
def test_wrong_usage_is_64(repository: Repository, words: list[str]) -> None:
    assert "batchhook: " in repository.batchhook(*words, code=64)


def test_foreign_text_is_escaped(repository: Repository) -> None:
    repository.commit("evil\x1b[31m\x07 [bold]subject[/bold]")
    said = repository.batchhook("status")
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "[bold]subject[/bold]" in said


def test_every_command_has_help(repository: Repository) -> None:
    for command in ("install", "uninstall", "doctor", "status", "log", "show", "wait", "analyze", "rollback", "undo"):
        said = repository.batchhook(command, "--help")
        assert "Usage" in said
        assert "[[" not in said
    assert "Rollback" in repository.batchhook()
    assert repository.batchhook("--version").startswith("batchhook 0.")


@pytest.mark.parametrize("arguments", [("--json", "show", "7"), ("log",), ("schema", "analyze"), ("--json", "doctor")])
def test_output_is_closed_early(repository: Repository, arguments: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "batchhook", *arguments]
    done = subprocess.run(command, cwd=repository.top, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (3, "batchhook: not everything was printed: the output was closed\n")


@pytest.mark.parametrize(
    "arguments", [("--json", "log"), ("log",), ("status",), ("--help",), ("schema", "analyze"), ("rollback", "9", "-y")]
)
def test_output_cannot_be_written(repository: Repository, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "batchhook", *arguments]
        done = subprocess.run(command, cwd=repository.top, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        both = subprocess.run(command, cwd=repository.top, stdout=full, stderr=full, check=False)
    assert (done.returncode, both.returncode) == (3, 3)
    lines = done.stderr.splitlines()
    expected = "no batch 9" if "rollback" in arguments else "not everything was printed: No space left on device"
    assert expected in lines[0]
    assert len(lines) == 1 or lines[1].startswith("hint: ")


def test_a_rollback_whose_plan_cannot_be_printed_changes_nothing(repository: Repository) -> None:
    repository.commit("b")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "batchhook", "rollback", "--change", repository.head(), "-y"]
        done = subprocess.run(command, cwd=repository.top, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert (repository.top / "b.txt").exists()
    assert "no operations" in repository.batchhook("operations")
