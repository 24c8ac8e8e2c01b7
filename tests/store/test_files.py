"""Replacing files: readers see the old or the new content, whatever happens in between."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from batchhook.store import files
from batchhook.store.files import replace_file


@pytest.mark.parametrize("content", ["text é", b"\x00\xff"])
def test_a_file_is_replaced(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "file"
    path.write_text("old, and longer than the new content")
    replace_file(path, content)
    assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_lone_surrogates_do_not_prevent_it(tmp_path: Path) -> None:
    replace_file(tmp_path / "file", "a\udcffb", durable=False)
    assert (tmp_path / "file").read_text() == "a?b"


def test_permissions_are_subject_to_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        replace_file(tmp_path / "file", "", mode=0o666)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f".file.{os.getpid()}{files.TEMPORARY_SUFFIX}").write_text("partial")
    replace_file(tmp_path / "file", "new")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_failure_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
