"""Following the events of a run in a file that is replaced."""

from __future__ import annotations

from pathlib import Path

from batchhook.core.events import StageBegan, TestsCounted
from batchhook.store.run_events import RunEventReader, RunEventWriter


def test_a_restarted_run_is_followed_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    reader = RunEventReader(path)
    killed = RunEventWriter(path)
    killed(StageBegan("backing up"))
    killed(TestsCounted(3))
    assert (reader.read().stage, reader.read().total) == ("backing up", 3)
    restarted = RunEventWriter(path)
    restarted(StageBegan("checking out, with a line longer than everything the first one wrote"))
    assert reader.read().stage.startswith("checking out")
    assert reader.read().total == 0
    restarted(TestsCounted(4))
    assert reader.read().total == 4
    killed.close()
    restarted.close()
    assert [file.name for file in tmp_path.iterdir()] == ["events.ndjson"]


def test_a_missing_file_is_no_progress(tmp_path: Path) -> None:
    assert RunEventReader(tmp_path / "nothing").read().total == 0
