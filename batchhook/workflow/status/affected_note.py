"""The note on the tests that the latest commit can affect, which the next commit's line shows.

The hooks read its file, and start the run after a commit only while another file exists: both without Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from batchhook.core.sanitize import one_line
from batchhook.git.location import Head
from batchhook.store.files import replace_file
from batchhook.store.state_dir import StateDir

_FAILING = "failing"
"""In place of a commit's name: the note holds until another one replaces it."""


def is_enabled(state: StateDir) -> bool:
    """Return whether commits start a run of the tests that they can affect."""
    return state.each_commit.exists()


def enable(state: StateDir) -> None:
    """Have each commit start a run of the tests that it can affect."""
    if not state.each_commit.exists():
        state.each_commit.touch(mode=0o600)


def disable(state: StateDir) -> None:
    """Have commits start no such run."""
    state.each_commit.unlink(missing_ok=True)


def write(state: StateDir, head: Head, text: str, failing: Iterable[str] = ()) -> None:
    """Write the note on a commit.

    Args:
        state: the repository's.
        head: the commit, and its branch.
        text: a few words.
        failing: ids of the tests that have begun to fail; with any, the note concerns later commits, too.
    """
    path = state.affected_note(head.branch)
    names = [one_line(test) for test in failing]
    lines = [f"{_FAILING if names else head.oid} {one_line(text)}", *names, ""]
    with suppress(OSError):  # branch `a` where a branch `a/b` was: it gets no note
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, "\n".join(lines).encode("utf-8", "backslashreplace"), mode=0o600, durable=False)


def clear(state: StateDir, branch: str) -> None:
    """Remove the note of a branch: the run of a batch has told more."""
    with suppress(OSError):
        state.affected_note(branch).unlink(missing_ok=True)


def list_failing(state: StateDir, branch: str) -> tuple[str, ...]:
    """Return the ids of the tests that a branch's note says to have begun to fail."""
    try:
        return tuple(state.affected_note(branch).read_text("utf-8").splitlines()[1:])
    except OSError:
        return ()


def read(state: StateDir, branch: str, oid: str) -> str:
    """Return the note on a commit, or one that still concerns it; empty if there is none."""
    try:
        tested, _, text = state.affected_note(branch).read_text("utf-8").partition("\n")[0].partition(" ")
    except OSError:
        return ""
    return text if tested in {oid, _FAILING} else ""
