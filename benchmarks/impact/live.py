"""Faults committed for real: the seconds from the end of ``git commit`` until batchhook has a word on it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.store.state_dir import StateDir
from benchmarks.culprits.clone import Clone
from benchmarks.impact.edits import Edit

LIMIT = 300.0
"""Seconds to wait for a word."""
POLL = 0.01


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said about a commit, and when.

    Attributes:
        edit: that was committed, or undone.
        is_fault: whether the commit holds it.
        commit: seconds that ``git commit`` took.
        seconds: from its end until the word; None if there was none.
        text: the word.
    """

    edit: Edit
    is_fault: bool
    commit: float
    seconds: float | None
    text: str

    @property
    def is_right(self) -> bool:
        """Whether a fault was called failing, and its correction not."""
        return (" since " in self.text) is self.is_fault


def commit_faults(clone: Clone, edits: Sequence[Edit]) -> Iterator[Answer]:
    """Commit each edit and then its correction, through the installed hooks.

    Args:
        clone: where batchhook is installed, and has recorded the suite.
        edits: that break tests.
    """
    note = StateDir(clone.folder / ".git" / "batchhook").affected_note(clone.git("symbolic-ref", "HEAD"))
    for edit in edits:
        before = (clone.folder / edit.path).read_bytes()
        for text, is_fault in ((edit.apply(before), True), (before, False)):
            clone.write({edit.path: text})
            old = _version(note)
            committed = clone.time("git", "commit", "--quiet", "--message", edit.subject)
            seconds = _wait(note, old)
            said = note.read_text().split("\n")[0] if seconds is not None else ""
            yield Answer(edit, is_fault, committed.seconds, seconds, said)


def _version(note: Path) -> tuple[int, int]:
    try:
        status = note.stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns


def _wait(note: Path, old: tuple[int, int]) -> float | None:
    begun = time.perf_counter()
    while _version(note) == old:
        if time.perf_counter() - begun > LIMIT:
            return None
        time.sleep(POLL)
    return time.perf_counter() - begun
