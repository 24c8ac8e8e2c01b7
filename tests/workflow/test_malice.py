"""What somebody else named: it leads nowhere else, reaches no shell, and commands no terminal."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.driving import Repository

BRANCH = "$(touch${IFS}pwned);touch${IFS}pwned;`touch${IFS}pwned`|x&'\"-x"
ESCAPES = "\x1b]0;pwned\x07\x1b[2J\r\u202e"


@pytest.fixture(autouse=True)
def _no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")


def test_names_reach_no_shell_and_no_terminal(repository: Repository, tmp_path: Path) -> None:
    repository.write(".batchhook.toml", "batch_size = 2\n")
    repository.git("switch", "-q", "-c", BRANCH)
    said = repository.commit(f"one{ESCAPES}", **{f"a{ESCAPES}b.txt": "1\n"})
    said += repository.commit(f"two{ESCAPES}", **{f"a{ESCAPES}b.txt": "2\n"})
    said += repository.commit(f"three{ESCAPES}", **{f"a{ESCAPES}b.txt": "3\n"})
    repository.batchhook("backup", "1")
    (Path(repository.top) / f"a{ESCAPES}b.txt").write_text("4\n")
    said += repository.batchhook("rollback", "1", "-y", code=3)
    said += repository.batchhook("rollback", "1", "--from-backup", "-y", code=3)
    said += repository.batchhook("rollback", "1", "--from-backup", "-y", "--force")
    said += repository.batchhook("undo", "--dry-run")
    for command in (("status",), ("log",), ("show", "1")):
        said += repository.batchhook(*command)
    repository.git("switch", "-q", "main")
    for command in (("rollback", "1"), ("show", "2")):
        told = repository.batchhook(*command, code=3)
        said += told
        hint = told.split("hint: ")[1].strip()
        done = subprocess.run(["sh", "-c", hint], cwd=repository.top, check=False, capture_output=True)
        assert done.returncode == 0, "what is told to be typed does what it says"
        repository.git("switch", "-q", "main")
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(said)
    assert list(tmp_path.rglob("pwned*")) == []


def test_a_repository_whose_path_commands_terminals(tmp_path: Path) -> None:
    repository = Repository(tmp_path / f"project{ESCAPES}")
    repository.top.mkdir()
    repository.git("init", "-q")
    repository.commit("first")
    said = repository.batchhook("install") + repository.batchhook("doctor", code=3)
    said += repository.batchhook("rollback", "7", code=3)
    (repository.top / ".git/batchhook/state.db").write_text("damaged")
    shutil.rmtree(repository.top / ".git/batchhook/open")  # so that Python is asked
    said += repository.commit("the hook complains")
    assert "damaged" in said
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(said)


@pytest.mark.parametrize("name", ["..", ".git", ".GIT"])
def test_a_tree_that_leads_elsewhere(repository: Repository, name: str) -> None:
    """A tree that git itself would not make: libgit2 leaves such a name out, and the copies are refused."""
    repository.write(".batchhook.toml", "batch_size = 1\n")
    repository.commit("settings")
    evil = repository.git("hash-object", "-w", "--stdin")
    before = repository.git("rev-parse", "HEAD^{tree}")
    inner = _tree(repository, b"100644 config\0" + bytes.fromhex(evil))
    rows = b"40000 " + name.encode() + b"\0" + bytes.fromhex(inner)
    tree = _tree(repository, rows + _entries(repository, before))
    repository.git("update-ref", "HEAD", repository.git("commit-tree", tree, "-p", "HEAD", "-m", "evil"))
    repository.commit("no more of it")
    configuration = (repository.top / ".git/config").read_text()
    number = str(repository.json("log")["batches"][0]["batch"]["id"])
    repository.batchhook("backup", number)
    repository.batchhook("rollback", number, "-y")
    repository.batchhook("undo", "-y")
    said = repository.batchhook("rollback", number, "--from-backup", "-y", code=3)
    assert "leads out of the work tree" in said
    assert (repository.top / ".git/config").read_text() == configuration
    assert not (repository.top.parent / "config").exists()


def _tree(repository: Repository, data: bytes) -> str:
    command = ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
    return (
        subprocess.run(command, cwd=repository.top, input=data, capture_output=True, check=True).stdout.decode().strip()
    )


def _entries(repository: Repository, tree: str) -> bytes:
    return subprocess.run(["git", "cat-file", "tree", tree], cwd=repository.top, capture_output=True, check=True).stdout
