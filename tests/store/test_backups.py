"""File copies: once for each content, verified before they are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.errors import StoreError
from batchhook.store.backups import BackedUpFile, Backups, Manifest


@pytest.fixture
def backups(tmp_path: Path) -> Backups:
    return Backups(tmp_path)


def test_a_content_is_stored_once(backups: Backups) -> None:
    first, size = backups.store([b"ab", b"c"])
    second, _ = backups.store([b"abc"])
    assert (first, size) == (second, 3)
    assert [path.name for path in backups.root.rglob("*") if path.is_file()] == [first[2:]]


def test_a_manifest_comes_back_as_it_was(backups: Backups) -> None:
    sha256, size = backups.store([b"content"])
    files = (
        BackedUpFile.at("a b.txt", existed=True, mode="100755", sha256=sha256, size=size),
        BackedUpFile.at("not \udcff utf-8", existed=False),
    )
    manifest = Manifest(batch=3, commit="c" * 40, head="d" * 40, files=files)
    backups.write(manifest)
    assert backups.read(3) == manifest
    assert b"".join(backups.content(manifest.files[0])) == b"content"
    assert bytes.fromhex(manifest.files[1].path_hex) == b"not \xff utf-8"


def test_a_damaged_copy_is_never_given_out(backups: Backups) -> None:
    sha256, size = backups.store([b"content"])
    path = backups.object(sha256)
    path.chmod(0o600)
    path.write_bytes(b"Content")
    file = BackedUpFile.at("f", existed=True, mode="100644", sha256=sha256, size=size)
    with pytest.raises(StoreError, match="damaged"):
        list(backups.content(file))
    path.unlink()
    with pytest.raises(StoreError, match="missing"):
        list(backups.content(file))


def test_a_damaged_manifest_is_told(backups: Backups) -> None:
    with pytest.raises(StoreError, match="no backup"):
        backups.read(1)
    (backups.root / "batch_1").mkdir()
    (backups.root / "batch_1/manifest.json").write_text('{"batch": 1, "files": "nonsense"}')
    with pytest.raises(StoreError, match="damaged"):
        backups.read(1)
