"""The progress of a run: lines of JSON that the runner writes and ``wait``, ``watch`` and others follow.

    {"stage": "checking out"}   {"total": 60}   {"started": ID}   {"finished": ID, "outcome": "passed"}
    {"seconds_left": 12.5}   {"rerunning": 3}   {"revised": ID, "outcome": "passed"}   {"searching": 8, "solved": 3}
    {"measuring": 2, "settled": 1}

The file is for display only: results are in the database.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

from batchhook.core.progress import MEASURING, SEARCHING, Progress, rerun_stage
from batchhook.core.results import Outcome, TestResult
from batchhook.store.files import replace_file


class ProgressWriter:
    """Writes the progress of a run; a ``Listener`` of its execution.

    Args:
        path: the file, which is replaced.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A new file under the same name, not the old one truncated: a reader in the middle of it notices.
        replace_file(path, "", mode=0o666, durable=False)
        self._file = path.open("a", encoding="utf-8", buffering=1)  # readers see each line at once

    def stage(self, name: str) -> None:
        """Write the stage before or after the tests."""
        self._write({"stage": name, "at": time.time()})

    def discovered(self, total: int, /) -> None:
        """Write the number of tests that will run."""
        self._write({"total": total})

    def started(self, test_id: str, /) -> None:
        """Write that a test has started."""
        self._write({"started": test_id})

    def finished(self, result: TestResult, /) -> None:
        """Write the outcome of a test."""
        self._write({"finished": result.test_id, "outcome": result.outcome.value})

    def rerunning(self, tests: int, /) -> None:
        """Write how many tests that failed are about to run again."""
        self._write({"rerunning": tests})

    def revised(self, result: TestResult, /) -> None:
        """Write the outcome of a rerun that replaces an earlier failure."""
        self._write({"revised": result.test_id, "outcome": result.outcome.value})

    def remaining(self, seconds: float, /) -> None:
        """Write the estimated time left."""
        self._write({"seconds_left": float(seconds)})

    def searching(self, tests: int, solved: int, /) -> None:
        """Write how many failing tests have a search for their culprit, and how many of these are solved."""
        self._write({"searching": tests, "solved": solved})

    def measuring(self, suspects: int, settled: int, /) -> None:
        """Write how many suspected slowdowns are being measured, and how many of these are settled."""
        self._write({"measuring": suspects, "settled": settled})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line) + "\n")


class ProgressReader:
    """Follows a progress file, which may not exist yet, and is replaced if the runner was killed and started again."""

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
        complete = data[: data.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.splitlines():
            self._progress = _advance(self._progress, json.loads(line))
        return self._progress

    def _reset_if_replaced(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        identity = (status.st_ino, status.st_dev)
        if identity != self._identity or status.st_size < self._offset:
            self._identity, self._offset, self._progress = identity, 0, Progress()


def _advance(progress: Progress, line: dict[str, object]) -> Progress:
    match line:
        case {"finished": str(test_id), "outcome": str(outcome)}:
            return progress.with_result(test_id, Outcome(outcome))
        case {"revised": str(test_id), "outcome": str(outcome)}:
            return progress.with_rerun(test_id, Outcome(outcome))
        case {"searching": int(tests), "solved": int(solved)}:
            return replace(
                progress, stage=SEARCHING, total=tests, done=solved, failed=0, current="", seconds_left=None, latest=()
            )
        case {"measuring": int(suspects), "settled": int(settled)}:
            return replace(
                progress,
                stage=MEASURING,
                total=suspects,
                done=settled,
                failed=0,
                current="",
                seconds_left=None,
                latest=(),
            )
        case {"rerunning": int(tests)}:
            return replace(progress, stage=rerun_stage(tests), seconds_left=None)
        case _:
            fields = {"stage": "stage", "total": "total", "started": "current", "seconds_left": "seconds_left"}
            return replace(progress, **{fields[key]: value for key, value in line.items() if key in fields})  # type: ignore[arg-type]


def _next_phase(progress: Progress, stage: str, total: int, done: int) -> Progress:
    """Return the progress of what follows the tests: what is counted is no test any more."""
    return replace(progress, stage=stage, total=total, done=done, failed=0, current="", seconds_left=None, latest=())
