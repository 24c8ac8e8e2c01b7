"""The folder of reports: files are replaced atomically, and those of old batches are removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.report.files import filenames
from batchhook.store.reports import ReportDir


def test_files_of_old_batches_and_partial_files_are_removed(tmp_path: Path) -> None:
    reports = ReportDir(tmp_path / "reports")
    for number in (9, 10, 11, 100):
        reports.write(dict.fromkeys(filenames.own_files(number), "text"))
    reports.write(dict.fromkeys((filenames.TRACKER, filenames.BASELINE, "batch_notes.txt", "mine_9.html"), "text"))
    (reports.root / ".batch_9.html.77.new").write_text("half")
    reports.remove_before(10)
    left = {path.name for path in reports.root.iterdir()}
    assert left == {
        *(name for number in (10, 11, 100) for name in filenames.own_files(number)),
        *(filenames.TRACKER, filenames.BASELINE, "batch_notes.txt", "mine_9.html"),
    }


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = ReportDir(tmp_path)
    reports.write({"a.txt": "old"})

    def full(_path: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        reports.write({"a.txt": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"
