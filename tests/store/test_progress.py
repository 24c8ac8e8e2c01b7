"""The file that says how a run is going, while it is written anew."""

from __future__ import annotations

from pathlib import Path

from batchhook.store.progress import ProgressReader, ProgressWriter


def test_a_runner_that_takes_up_a_killed_ones_run_is_followed_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "progress.ndjson"
    reader = ProgressReader(path)
    killed = ProgressWriter(path)
    killed.stage("backing up")
    killed.discovered(3)
    assert (reader.read().stage, reader.read().total) == ("backing up", 3)
    another = ProgressWriter(path)
    another.stage("checking out, which takes longer to say than all that the first one said")
    assert reader.read().stage.startswith("checking out")
    assert reader.read().total == 0
    another.discovered(4)
    assert reader.read().total == 4
    killed.close()
    another.close()
    assert [file.name for file in tmp_path.iterdir()] == ["progress.ndjson"]


def test_nothing_is_known_before_it_is_there(tmp_path: Path) -> None:
    assert ProgressReader(tmp_path / "nothing").read().total == 0
