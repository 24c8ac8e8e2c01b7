"""Edits of a project that may break its tests: in functions, outside of them, and in data that tests read."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from benchmarks.culprits.clone import Clone
from benchmarks.culprits.mutations import find_mutations, own_modules

DATA_SUFFIXES = frozenset({".css", ".csv", ".html", ".json", ".svg", ".toml", ".txt", ".xml", ".yaml", ".yml"})
MOST_BYTES = 200_000
"""Size of a data file to edit, at most."""


class EditKind(str, Enum):
    """Kind of edit."""

    FUNCTION = "in a function"
    MODULE = "outside of functions"
    TEST = "in a test"
    DATA = "in a data file"


SHARES = {EditKind.MODULE: 0.2, EditKind.TEST: 0.1, EditKind.DATA: 0.1, EditKind.FUNCTION: 1.0}
"""Of all edits, as far as a project has places for them; functions get the rest."""


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit of one file, written when it is needed.

    Attributes:
        subject: what is edited, in one line.
        apply: returns the file's new content for its old one.
    """

    kind: EditKind
    path: str
    subject: str
    apply: Callable[[bytes], bytes]


def draw_edits(clone: Clone, number: int, seed: int) -> list[Edit]:
    """Draw different edits of the state that is checked out in a clone; fewer if it has not enough places."""
    chance = random.Random(f"{clone.folder.name} {seed}")
    modules = own_modules(clone.folder)
    tests = [path for path in clone.git("ls-files", "*.py").split("\n") if "test" in path and path not in modules]
    candidates: dict[EditKind, list[Edit]] = {
        EditKind.FUNCTION: list(_mutate(clone.folder, modules, EditKind.FUNCTION)),
        EditKind.MODULE: list(_mutate(clone.folder, modules, EditKind.MODULE)),
        EditKind.TEST: list(_mutate(clone.folder, tests, EditKind.TEST)),
        EditKind.DATA: list(_damage(clone)),
    }
    drawn: list[Edit] = []
    for kind, share in SHARES.items():
        wanted = min(round(share * number), number - len(drawn), len(candidates[kind]))
        drawn += chance.sample(candidates[kind], wanted)
    return drawn


def _mutate(top: Path, paths: Sequence[str], kind: EditKind) -> Iterator[Edit]:
    for path in paths:
        text = (top / path).read_bytes()
        try:
            mutations = find_mutations(text, path, in_functions=kind is not EditKind.MODULE)
        except (SyntaxError, ValueError):
            continue
        for mutation in mutations:
            yield Edit(kind, path, str(mutation), mutation.apply)


def _damage(clone: Clone) -> Iterator[Edit]:
    """Yield edits that drop the second half of a file that tests may read."""
    for path in clone.git("ls-files").split("\n"):
        file = clone.folder / path
        is_data = file.suffix in DATA_SUFFIXES and "test" in path and file.is_file()
        if is_data and 0 < file.stat().st_size <= MOST_BYTES:
            yield Edit(EditKind.DATA, path, f"{path}: half of it dropped", _drop_half)


def _drop_half(text: bytes) -> bytes:
    return text[: len(text) // 2]
