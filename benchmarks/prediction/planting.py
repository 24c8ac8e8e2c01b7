"""A project's own changes, with mistakes planted into the lines that they touch, and fixed by a later change."""

from __future__ import annotations

import difflib
import math
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from benchmarks.culprits.mutations import Mutation, find_mutations

NEARBY = 2
"""Lines around a touched one where a mistake may be planted."""
RATE, MOST = 0.12, 0.6
"""Probability of a mistake in a change that touches one line of code; it grows with the root of their number."""
LONGEST = 8
"""Changes until a mistake is fixed, at most."""


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """One change of a project's history.

    Attributes:
        oid: commit.
        author, subject, time: of the commit; ``time`` in seconds since the epoch.
        lines: path -> lines added and deleted, of all files.
    """

    oid: str
    author: str
    subject: str
    time: int
    lines: dict[str, int]


class ProjectHistory:
    """A project's latest changes to Python files, along first parents.

    Args:
        folder: top of its work tree.
        size: number of changes, at most.
        until: revision of the last one.
    """

    def __init__(self, folder: Path, size: int, until: str = "HEAD") -> None:
        self.folder = folder
        self._size = size
        self._until = until
        self.read = cache(self._read)

    @cached_property
    def changes(self) -> Sequence[ProjectChange]:
        """The changes, oldest first; the first one is the state that the history begins with."""
        log = ("log", "--first-parent", "-m", "--no-renames", "--numstat", "--format=%x01%H%x00%an%x00%s%x00%ct")
        entries = self.git(*log, self._until).decode("utf-8", "replace").split("\x01")[1:]
        changes = []
        for entry in entries:
            header, *rows = entry.strip("\n").split("\n")
            oid, author, subject, time = header.split("\0")
            cells = (row.split("\t", 2) for row in rows if row)
            lines = {path: sum(int(each) for each in (added, removed) if each != "-") for added, removed, path in cells}
            if any(path.endswith(".py") for path in lines):
                changes.append(ProjectChange(oid, author, subject, int(time), lines))
            if len(changes) > self._size:
                break
        return changes[::-1]

    def _read(self, oid: str, path: str) -> bytes | None:
        done = subprocess.run(["git", "-C", self.folder, "cat-file", "blob", f"{oid}:{path}"], capture_output=True)  # noqa: PLW1510 - a missing file is an answer
        return None if done.returncode else done.stdout

    def git(self, *arguments: str) -> bytes:
        """Run git; return its output."""
        return subprocess.run(["git", "-C", self.folder, *arguments], check=True, capture_output=True).stdout


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted mistake, as it is in one state of the project.

    Attributes:
        mutation: the edit.
        source: text of its line without it.
        fixed_by: number of the change that fixes it.
    """

    mutation: Mutation
    source: bytes
    fixed_by: int

    def relocate(self, text: bytes | None) -> Fault | None:
        """Return the fault in another state of its file; None if its line is not there, or several are like it."""
        if text is None:
            return None
        mutation, lines = self.mutation, text.split(b"\n")
        matches = [
            other
            for other in list_mutations(text, mutation.path)
            if (other.function, other.kind, other.column, other.old)
            == (mutation.function, mutation.kind, mutation.column, mutation.old)
            and lines[other.line - 1] == self.source
        ]
        return replace(self, mutation=matches[0]) if len(matches) == 1 else None


def draw_fault(history: ProjectHistory, number: int, chance: random.Random) -> Fault | None:
    """Draw a mistake in the lines that a change touched; None if it makes none."""
    change, before = history.changes[number], history.changes[number - 1].oid
    candidates: list[tuple[Mutation, bytes]] = []
    touched = 0
    for path in change.lines:
        text = history.read(change.oid, path) if is_code(path) else None
        if text is not None:
            near = _touched_lines(history.read(before, path) or b"", text)
            touched += change.lines[path]
            lines = text.split(b"\n")
            mutations = list_mutations(text, path)
            candidates += [(each, lines[each.line - 1]) for each in mutations if each.line in near]
    if not candidates or chance.random() > min(MOST, RATE * math.sqrt(touched)):
        return None
    mutation, source = chance.choice(candidates)
    return Fault(mutation, source, number + chance.randint(1, LONGEST))


def is_code(path: str) -> bool:
    """Return whether a file is a module of the project, rather than of its tests, documentation or build."""
    folders = ("test", "doc", "example", ".", "setup.py", "conftest")
    return path.endswith(".py") and not any(part.startswith(folders) for part in path.split("/"))


def _touched_lines(before: bytes, after: bytes) -> frozenset[int]:
    matcher = difflib.SequenceMatcher(None, before.split(b"\n"), after.split(b"\n"), autojunk=False)
    spans = (
        range(first - NEARBY, last + NEARBY + 1) for tag, _, _, first, last in matcher.get_opcodes() if tag != "equal"
    )
    return frozenset(number + 1 for span in spans for number in span)


@cache
def list_mutations(text: bytes, path: str) -> Sequence[Mutation]:
    """Return the mistakes that can be planted into a file; none if this Python cannot parse it."""
    try:
        return tuple(_applicable(find_mutations(text, path), text))
    except (SyntaxError, ValueError):
        return ()


def _applicable(mutations: Sequence[Mutation], text: bytes) -> Iterator[Mutation]:
    for mutation in mutations:
        try:
            mutation.apply(text)
        except ValueError:
            continue
        yield mutation
