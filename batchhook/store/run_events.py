"""The events of a run in a file: lines of JSON that the process running the tests writes, and all others follow.

    {"stage": "checking out", "at": 1790000000.0}   {"total": 60}   {"started": ID}
    {"finished": ID, "outcome": "passed"}   {"revised": ID, "outcome": "passed"}   {"rerunning": 3}
    {"seconds_left": 12.5}   {"searching": 8, "solved": 3}   {"measuring": 2, "settled": 1}

The file is for display only: results are in the database. It lives as long as the folder of the run.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from batchhook.core.events import (
    MeasuringAdvanced,
    RerunBegan,
    RunEvent,
    SearchAdvanced,
    StageBegan,
    TestBegan,
    TestEnded,
    TestRevised,
    TestsCounted,
    TimeEstimated,
)
from batchhook.core.progress import Progress
from batchhook.core.results import Outcome, TestResult
from batchhook.store.files import replace_file


class RunEventWriter:
    """Writes the events of a run; a listener.

    Args:
        path: the file, which is replaced.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A new file under the same name, not the old one truncated: a reader in the middle of it notices.
        replace_file(path, "", mode=0o666, durable=False)
        self._file = path.open("a", encoding="utf-8", buffering=1)  # readers see each line at once

    def __call__(self, event: RunEvent, /) -> None:
        """Write an event."""
        self._file.write(json.dumps(_encode(event)) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class RunEventReader:
    """Follows the events of a run; the file may not exist yet, and is replaced if the run starts again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._offset = 0
        self._progress = Progress()

    def read(self) -> Progress:
        """Return the current progress."""
        try:
            with self._path.open("rb") as file:
                self._reset_if_replaced(file.fileno())
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return self._progress
        complete = data[: data.rfind(b"\n") + 1]  # the rest of the last line is still to come
        self._offset += len(complete)
        for event in _decode(complete):
            self._progress = self._progress.after(event)
        return self._progress

    def _reset_if_replaced(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        identity = (status.st_ino, status.st_dev)
        if identity != self._identity or status.st_size < self._offset:
            self._identity, self._offset, self._progress = identity, 0, Progress()


def _encode(event: RunEvent) -> dict[str, Any]:  # noqa: PLR0911 - one for each kind of event
    match event:
        case StageBegan(stage):
            return {"stage": stage, "at": time.time()}
        case TestsCounted(total):
            return {"total": total}
        case TestBegan(test_id):
            return {"started": test_id}
        case TestEnded(result):
            return {"finished": result.test_id, "outcome": result.outcome.value}
        case RerunBegan(tests):
            return {"rerunning": tests}
        case TestRevised(result):
            return {"revised": result.test_id, "outcome": result.outcome.value}
        case TimeEstimated(seconds):
            return {"seconds_left": float(seconds)}
        case SearchAdvanced(tests, solved):
            return {"searching": tests, "solved": solved}
        case MeasuringAdvanced(suspects, settled):
            return {"measuring": suspects, "settled": settled}


def _decode(lines: bytes) -> Iterator[RunEvent]:  # noqa: C901 - one case for each kind of event
    for line in lines.splitlines():
        match json.loads(line):
            case {"stage": str(stage)}:
                yield StageBegan(stage)
            case {"total": int(total)}:
                yield TestsCounted(total)
            case {"started": str(test_id)}:
                yield TestBegan(test_id)
            case {"finished": str(test_id), "outcome": str(outcome)}:
                yield TestEnded(TestResult(test_id, "", Outcome(outcome)))
            case {"rerunning": int(tests)}:
                yield RerunBegan(tests)
            case {"revised": str(test_id), "outcome": str(outcome)}:
                yield TestRevised(TestResult(test_id, "", Outcome(outcome)))
            case {"seconds_left": float(seconds)}:
                yield TimeEstimated(seconds)
            case {"searching": int(tests), "solved": int(solved)}:
                yield SearchAdvanced(tests, solved)
            case {"measuring": int(suspects), "settled": int(settled)}:
                yield MeasuringAdvanced(suspects, settled)
