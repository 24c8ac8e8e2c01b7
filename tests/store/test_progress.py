"""Following a progress file that is replaced."""

from __future__ import annotations

from pathlib import Path

from batchhook.store.progress import ProgressReader, ProgressWriter


def test_a_restarted_run_is_followed_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "progress.ndjson"
    reader = ProgressReader(path)
    killed = ProgressWriter(path)
    killed.stage("backing up")
    killed.discovered(3)
    assert (reader.read().stage, reader.read().total) == ("backing up", 3)
    restarted = ProgressWriter(path)
    restarted.stage("checking out, with a line longer than everything the first one wrote")
    assert reader.read().stage.startswith("checking out")
    assert reader.read().total == 0
    restarted.discovered(4)
    assert reader.read().total == 4
    killed.close()
    restarted.close()
    assert [file.name for file in tmp_path.iterdir()] == ["progress.ndjson"]


def test_a_missing_file_is_no_progress(tmp_path: Path) -> None:
    assert ProgressReader(tmp_path / "nothing").read().total == 0
