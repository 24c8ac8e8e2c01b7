"""The journal: one line for each event, appended by the hooks (in ``sh``) and read by reconcile.

A line is merely a hint. Partial, repeated or missing lines change nothing that the commit graph does not show as well.

    commit BRANCH OID            post-commit: a commit was made on BRANCH
    rewrite BRANCH OLD NEW       post-rewrite: NEW replaced OLD in a rebase
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_OID = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
_LINE = re.compile(
    rf"commit (?P<branch>\S+) (?P<oid>{_OID})|rewrite (?P<rewrite_branch>\S+) (?P<old>{_OID}) (?P<new>{_OID})"
)


@dataclass(frozen=True, slots=True)
class CommitEntry:
    """A commit was made on a branch."""

    branch: str
    oid: str


@dataclass(frozen=True, slots=True)
class RewriteEntry:
    """A commit replaced another one on a branch."""

    branch: str
    old: str
    new: str


def read(path: Path, offset: int) -> tuple[Sequence[CommitEntry | RewriteEntry], int]:
    """Read the lines after an offset.

    Returns:
        the entries in order, and the offset (bytes) after the last complete line. A journal shorter than the offset was
        started over, and is read from its beginning.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            start = offset if offset <= size else 0
            file.seek(start)
            data = file.read()
    except FileNotFoundError:
        return (), 0
    complete = data[: data.rfind(b"\n") + 1]
    lines = complete.decode("utf-8", "replace").split("\n")
    return [entry for line in lines if (entry := _parse(line))], start + len(complete)


def _parse(line: str) -> CommitEntry | RewriteEntry | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    if match["oid"]:
        return CommitEntry(match["branch"], match["oid"])
    return RewriteEntry(match["rewrite_branch"], match["old"], match["new"])


def append(path: Path, *entries: CommitEntry | RewriteEntry) -> None:
    """Append entries as the hooks do."""
    lines = (
        f"commit {entry.branch} {entry.oid}\n"
        if isinstance(entry, CommitEntry)
        else f"rewrite {entry.branch} {entry.old} {entry.new}\n"
        for entry in entries
    )
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(lines))
