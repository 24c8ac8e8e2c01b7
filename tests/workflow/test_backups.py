"""Backups of the files before a batch, created and verified by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.driving import CALCULATOR, Repository


@pytest.fixture
def full(project: Repository) -> Repository:
    """A repository whose first batch changed a file and added one."""
    project.write(".batchhook.toml", "batch_size = 2\n")
    project.commit("one", calculator__py=CALCULATOR + "# more\n")
    project.commit("two", new__txt="new")
    project.batchhook("wait", "1", "--timeout", "90")
    return project


def content(project: Repository) -> Path:
    """Path of the calculator's copy."""
    digest = hashlib.sha256(CALCULATOR.encode()).hexdigest()
    return project.top / ".git/batchhook/backups/objects" / digest[:2] / digest[2:]


def test_a_damaged_backup_is_created_again(full: Repository) -> None:
    copy = content(full)
    copy.chmod(0o600)
    copy.write_text("rotten")
    assert "is damaged" in full.batchhook("backup", "--verify", code=3)
    (backup,) = full.json("backup", "1")["backups"]
    assert copy.read_text() == CALCULATOR
    existed = {file["path"]: file["existed"] for file in backup["files"]}
    assert existed == {".batchhook.toml": False, "calculator.py": True, "new.txt": False}
    output = full.batchhook("backup", "--verify")
    assert "The backup of 1 batch holds 1 file; all SHA-256 checksums match" in " ".join(output.split())


def test_without_a_manifest(full: Repository) -> None:
    (full.top / ".git/batchhook/backups/batch_1/manifest.json").unlink()
    full.batchhook("backup", "1")
    full.batchhook("backup", "--verify", "1")


def test_only_of_full_batches(full: Repository) -> None:
    full.commit("three")
    assert "batch 2 is still open" in full.batchhook("backup", "2", code=3)
    assert "there is no batch 7" in full.batchhook("backup", "7", code=3)
    assert "batchhook backup N" in full.batchhook("backup", code=64)
