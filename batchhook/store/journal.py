"""What the hooks wrote down: one line for each thing that happened, appended by ``sh`` and read here.

A line is a hint, no more. Torn, doubled or missing lines change nothing that the commit graph does not say too.

    commit BRANCH OID            post-commit: a commit was made on BRANCH
    rewrite BRANCH OLD NEW       post-rewrite: NEW took OLD's place in a rebase
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_OID = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
_LINE = re.compile(rf"(?:commit (?P<branch>\S+) (?P<oid>{_OID})|rewrite (?P<on>\S+) (?P<old>{_OID}) (?P<new>{_OID}))")


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit was made on a branch."""

    branch: str
    oid: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A commit took another's place on a branch."""

    branch: str
    old: str
    new: str


def read(path: Path, offset: int) -> tuple[Sequence[Committed | Rewritten], int]:
    """Read the lines after an offset.

    Returns:
        the entries in order, and the offset (bytes) after the last whole line. A journal shorter than the offset was
        begun anew, and is read from its start.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            start = offset if offset <= size else 0
            file.seek(start)
            data = file.read()
    except FileNotFoundError:
        return (), 0
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.decode("utf-8", "replace").split("\n")
    return [entry for line in lines if (entry := _parse(line))], start + len(whole)


def _parse(line: str) -> Committed | Rewritten | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    if match["oid"]:
        return Committed(match["branch"], match["oid"])
    return Rewritten(match["on"], match["old"], match["new"])


def append(path: Path, *entries: Committed | Rewritten) -> None:
    """Write entries as the hooks do, for what is noticed outside of a hook."""
    lines = (
        f"commit {entry.branch} {entry.oid}\n"
        if isinstance(entry, Committed)
        else f"rewrite {entry.branch} {entry.old} {entry.new}\n"
        for entry in entries
    )
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(lines))
