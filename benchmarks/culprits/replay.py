"""A project's own latest changes, to replay them with planted faults."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from benchmarks.culprits.mutations import Mutation, find_mutations


class Replay:
    """The states of a project after each of its latest changes along first parents.

    Args:
        folder: top of its work tree, without uncommitted changes.
        size: number of changes, at most.

    Attributes:
        size: number of changes.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        lines = self._git("log", "--first-parent", "--format=%H %T", f"--max-count={2 * size + 1}").decode().split("\n")
        states = [line.split() for line in reversed(lines) if line]
        trees = [tree for _, tree in states]
        changed = [oid for (oid, tree), before in zip(states, ["", *trees], strict=False) if tree != before]
        self._states = changed[-size - 1 :]  # the first one is what the changes begin with
        self.size = len(self._states) - 1
        self._read = cache(self._read_file)

    def first_edits(self) -> dict[str, bytes | None]:
        """Return the edits that lead from the latest state to the first one."""
        return self._edits(self.size, 0)

    def first_place(self, mutation: Mutation) -> int:
        """Return the first change that a mistake of the latest state can be part of, and be seen in all after it."""
        places = (number for number in range(self.size, 0, -1) if self._relocate(mutation, number) is None)
        return next(places, 0) + 1

    def edits(self, number: int, planted: Mapping[int, Mutation]) -> dict[str, bytes | None]:
        """Return the edits of a change, counted from 1, with the mistakes that it and those before it made.

        Args:
            number: of the change.
            planted: the mistakes, by the number of their change.
        """
        edits = self._edits(number - 1, number)
        for place, mutation in planted.items():
            if place == number or (place < number and mutation.path in edits):
                edits[mutation.path] = self._mutated(mutation.path, number, planted)
        return edits

    def _mutated(self, path: str, number: int, planted: Mapping[int, Mutation]) -> bytes:
        text = self._read(number, path) or b""
        for place, mutation in planted.items():
            relocated = self._relocate(mutation, number)
            if place <= number and mutation.path == path and relocated is not None:
                text = relocated.apply(text)
        return text

    def _relocate(self, mutation: Mutation, number: int) -> Mutation | None:
        """Return a mistake of the latest state as it is in another one; None if there is no such place, or several."""
        latest, text = self._read(self.size, mutation.path), self._read(number, mutation.path)
        if latest is None or text is None:
            return None
        lines, line = text.split(b"\n"), latest.split(b"\n")[mutation.line - 1]
        matches = [
            other
            for other in _find_mutations(text, mutation.path)
            if (other.function, other.kind, other.column, other.old)
            == (mutation.function, mutation.kind, mutation.column, mutation.old)
            and lines[other.line - 1] == line
        ]
        return matches[0] if len(matches) == 1 else None

    def _edits(self, before: int, after: int) -> dict[str, bytes | None]:
        names = self._git("diff", "--name-only", "--no-renames", "-z", self._states[before], self._states[after])
        return {path: self._read(after, path) for path in names.decode().split("\0") if path}

    def _read_file(self, number: int, path: str) -> bytes | None:
        """Return a file's content in a state; None if it is not there."""
        if not self._git("ls-tree", self._states[number], "--", path):
            return None
        return self._git("cat-file", "blob", f"{self._states[number]}:{path}")

    def _git(self, *arguments: str) -> bytes:
        return subprocess.run(["git", "-C", self._folder, *arguments], check=True, capture_output=True).stdout


_find_mutations = cache(find_mutations)
