"""What going back by file copies did: written down before it acts, with copies of all that it replaces.

``kept/3/manifest.json`` says what the third one did to which files; ``kept/3/objects`` has what these held before.
Nothing of it is in git or in the database, since it is for when these are damaged.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from batchhook.errors import StoreError
from batchhook.store.backups import Backups, Hex, Mode, Sha256, Size, write_whole


class State(BaseModel):
    """What is, or was, at a path of a work tree.

    Attributes:
        mode: git's mode; empty for nothing.
        sha256: of a file's bytes as the work tree has them, or of a link's target.
        size: bytes.
        permissions: a file's, as ``chmod`` takes them; 0 for those of new files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = ""
    sha256: Sha256 = ""
    size: Size = 0
    permissions: Size = 0

    def is_like(self, other: State) -> bool:
        """Whether git would see no difference."""
        return (self.mode, self.sha256) == (other.mode, other.sha256)


NOTHING = State()
"""At a path without a file."""


class KeptFile(BaseModel):
    """A file that was replaced: what it was, and what it became."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    path_hex: Hex = ""
    was: State
    became: State

    @classmethod
    def at(cls, path: str, was: State, became: State) -> KeptFile:
        """An entry for a path as the file system names it."""
        raw = os.fsencode(path)
        text = raw.decode("utf-8", "backslashreplace")
        return cls(path=text, path_hex="" if text == path else raw.hex(), was=was, became=became)

    @property
    def name(self) -> str:
        """Its path as the file system names it."""
        return os.fsdecode(bytes.fromhex(self.path_hex)) if self.path_hex else self.path


class Restoration(BaseModel):
    """One time that files were taken from copies.

    Attributes:
        number: 1, 2, 3 … for the repository.
        batch: the batch whose backup they came from; 0 where it takes another one back.
        undoes: the one that it takes back; 0 for none.
        top: the work tree, in hex, as its path may be no text.
        status: ``intent`` is one that may have been interrupted anywhere.
        started_at: seconds since the epoch.
        files: what it replaced.
        folders: empty folders that it filled, in hex.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    number: int
    batch: int = 0
    undoes: int = 0
    top: Hex
    status: Literal["intent", "done"]
    started_at: float
    files: tuple[KeptFile, ...]
    folders: tuple[Hex, ...] = ()


class Kept:
    """The folder of all that was kept."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def copies(self, number: int) -> Backups:
        """The contents that one has replaced."""
        return Backups(self.root / str(number))

    def next_number(self) -> int:
        """The number of the next one."""
        return max(self._numbers(), default=0) + 1

    def write(self, restoration: Restoration) -> None:
        """Write one down, whole; its contents have been stored before."""
        folder = self.root / str(restoration.number)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / "manifest.json", restoration.model_dump_json(indent=2))

    def all(self) -> list[Restoration]:
        """All that were written down, newest first.

        Raises:
            StoreError: one cannot be read.
        """
        found = []
        for number in sorted(self._numbers(), reverse=True):
            path = self.root / str(number) / "manifest.json"
            try:
                found.append(Restoration.model_validate_json(path.read_bytes()))
            except FileNotFoundError:  # it was killed before it had begun
                continue
            except ValidationError as error:
                raise StoreError(f"{path} is damaged", "move it aside") from error
        return found

    def to_undo(self, top: str) -> Restoration | None:
        """The latest one in a work tree that can be taken back: no undo, and not undone yet."""
        every = self.all()
        undone = {one.undoes for one in every if one.status == "done"}
        here = (one for one in every if bytes.fromhex(one.top) == os.fsencode(top))
        return next((one for one in here if not one.undoes and one.number not in undone), None)

    def unneeded(self) -> list[Path]:
        """Folders of those that were taken back, and of what took them back: no undo needs them any more.

        Raises:
            StoreError: one cannot be read.
        """
        every = self.all()
        done = {one.undoes for one in every if one.status == "done" and one.undoes}
        return [self.root / str(one.number) for one in every if {one.number, one.undoes} & done]

    def _numbers(self) -> list[int]:
        if not self.root.is_dir():
            return []
        return [int(entry.name) for entry in self.root.iterdir() if entry.name.isascii() and entry.name.isdigit()]
