"""Backups: each content is stored once, and verified before it is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.errors import StoreError
from batchhook.store.backups import BackedUpFile, BackupManifest, BackupStore


@pytest.fixture
def backups(tmp_path: Path) -> BackupStore:
    return BackupStore(tmp_path)


def test_a_content_is_stored_once(backups: BackupStore) -> None:
    first, size = backups.store([b"ab", b"c"])
    second, _ = backups.store([b"abc"])
    assert (first, size) == (second, 3)
    assert [path.name for path in backups.root.rglob("*") if path.is_file()] == [first[2:]]


def test_a_manifest_is_read_as_written(backups: BackupStore) -> None:
    sha256, size = backups.store([b"content"])
    files = (
        BackedUpFile.for_path("a b.txt", existed=True, mode="100755", sha256=sha256, size=size),
        BackedUpFile.for_path("not \udcff utf-8", existed=False),
    )
    manifest = BackupManifest(batch=3, commit="c" * 40, head="d" * 40, files=files)
    backups.write_manifest(manifest)
    assert backups.read_manifest(3) == manifest
    assert b"".join(backups.read_content(manifest.files[0])) == b"content"
    assert bytes.fromhex(manifest.files[1].path_hex) == b"not \xff utf-8"


def test_a_damaged_content_is_never_returned(backups: BackupStore) -> None:
    sha256, size = backups.store([b"content"])
    path = backups.object_path(sha256)
    path.chmod(0o600)
    path.write_bytes(b"Content")
    file = BackedUpFile.for_path("f", existed=True, mode="100644", sha256=sha256, size=size)
    with pytest.raises(StoreError, match="damaged"):
        list(backups.read_content(file))
    path.unlink()
    with pytest.raises(StoreError, match="missing"):
        list(backups.read_content(file))


def test_a_missing_or_damaged_manifest_is_reported(backups: BackupStore) -> None:
    with pytest.raises(StoreError, match="no backup"):
        backups.read_manifest(1)
    (backups.root / "batch_1").mkdir()
    (backups.root / "batch_1/manifest.json").write_text('{"batch": 1, "files": "nonsense"}')
    with pytest.raises(StoreError, match="damaged"):
        backups.read_manifest(1)
