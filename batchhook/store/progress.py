"""How a run is going, written by the runner and read by whoever watches, as lines of JSON.

    {"stage": "checking out"}   {"total": 60}   {"started": ID}   {"finished": ID, "outcome": "passed"}
    {"left": 12.5}   {"doubting": 3}   {"revised": ID, "outcome": "passed"}   {"searching": 8, "solved": 3}
    {"measuring": 2, "settled": 1}

Nothing that matters rests on this file: results are in the database.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

from batchhook.core.progress import MEASURING, SEARCHING, Progress, again
from batchhook.core.results import Outcome, TestResult


class ProgressWriter:
    """Writes a run's progress; a listener of ``testing``.

    Args:
        path: the file, begun anew.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another file under the same name, and not the same one cut off: a reader in the middle of it can tell.
        beginning = path.with_name(f"{path.name}.{os.getpid()}")
        self._file = beginning.open("w", encoding="utf-8", buffering=1)  # a reader sees every line at once
        beginning.replace(path)

    def stage(self, name: str) -> None:
        """What is being done before and after the tests."""
        self._write({"stage": name, "at": time.time()})

    def discovered(self, total: int, /) -> None:
        """The suite is known."""
        self._write({"total": total})

    def started(self, test_id: str, /) -> None:
        """A test has begun."""
        self._write({"started": test_id})

    def finished(self, result: TestResult, /) -> None:
        """A test has its result."""
        self._write({"finished": result.test_id, "outcome": result.outcome.value})

    def doubting(self, tests: int, /) -> None:
        """Some tests that failed are about to be run again."""
        self._write({"doubting": tests})

    def revised(self, result: TestResult, /) -> None:
        """A test that had failed has another result now."""
        self._write({"revised": result.test_id, "outcome": result.outcome.value})

    def remaining(self, seconds: float, /) -> None:
        """How long the rest will take."""
        self._write({"left": float(seconds)})

    def searching(self, tests: int, solved: int, /) -> None:
        """What broke the failing tests is being looked for; of some of them it is known already."""
        self._write({"searching": tests, "solved": solved})

    def measuring(self, suspects: int, settled: int, /) -> None:
        """What seems slower is being measured; of some it is known already whether it is."""
        self._write({"measuring": suspects, "settled": settled})

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line) + "\n")


class ProgressReader:
    """Follows a progress file, which may not be there yet or may begin anew (a runner that was killed)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._offset = 0
        self._progress = Progress()

    def read(self) -> Progress:
        """Where the run is now."""
        try:
            with self._path.open("rb") as file:
                self._begin_anew_if_replaced(file.fileno())
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return self._progress
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            self._progress = _advanced(self._progress, json.loads(line))
        return self._progress

    def _begin_anew_if_replaced(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        identity = (status.st_ino, status.st_dev)
        if identity != self._identity or status.st_size < self._offset:
            self._identity, self._offset, self._progress = identity, 0, Progress()


def _advanced(progress: Progress, line: dict[str, object]) -> Progress:
    match line:
        case {"finished": str(test_id), "outcome": str(outcome)}:
            return progress.after(test_id, Outcome(outcome))
        case {"revised": str(test_id), "outcome": str(outcome)}:
            return progress.revised(test_id, Outcome(outcome))
        case {"searching": int(tests), "solved": int(solved)}:
            return replace(progress, stage=SEARCHING, total=tests, done=solved, failed=0, current="", left=None)
        case {"measuring": int(suspects), "settled": int(settled)}:
            return replace(progress, stage=MEASURING, total=suspects, done=settled, failed=0, current="", left=None)
        case {"doubting": int(tests)}:
            return replace(progress, stage=again(tests), left=None)
        case _:
            known = {"stage": "stage", "total": "total", "started": "current", "left": "left"}
            return replace(progress, **{known[name]: value for name, value in line.items() if name in known})  # type: ignore[arg-type]
