"""The folder of reports: files are replaced whole, and those of old batches go."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.report.files import filenames
from batchhook.store.reports import Reports


def test_old_batches_go_and_nothing_else_does(tmp_path: Path) -> None:
    reports = Reports(tmp_path / "reports")
    for number in (9, 10, 11, 100):
        reports.write(dict.fromkeys(filenames.own_files(number), "text"))
    reports.write(dict.fromkeys((filenames.TRACKER, filenames.BASELINE, "batch_notes.txt", "mine_9.html"), "text"))
    (reports.root / ".batch_9.html.77.new").write_text("half")
    reports.keep(10)
    left = {path.name for path in reports.root.iterdir()}
    assert left == {
        *(name for number in (10, 11, 100) for name in filenames.own_files(number)),
        *(filenames.TRACKER, filenames.BASELINE, "batch_notes.txt", "mine_9.html"),
    }


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = Reports(tmp_path)
    reports.write({"a.txt": "old"})

    def full(_path: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        reports.write({"a.txt": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"
