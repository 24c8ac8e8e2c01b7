"""Restorations of files from backups, each written as an intent before it acts, with copies of all that it replaces.

``restorations/3/manifest.json`` lists the files that the third one replaced, ``restorations/3/objects`` holds what was
in them. Git and the database are not involved, as restorations are for the time when these are damaged.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from batchhook.errors import StoreError
from batchhook.store.backups import BackupStore, GitMode, Hex, ManifestEntry, Sha256, Size, path_fields
from batchhook.store.files import replace_file


class FileState(BaseModel):
    """A file in a work tree, at one time.

    Attributes:
        mode: git's mode; empty if there is no file.
        sha256: of its bytes in the work tree, or of a link's target.
        size: bytes.
        permissions: as ``chmod`` takes them; 0 for those of new files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: GitMode = ""
    sha256: Sha256 = ""
    size: Size = 0
    permissions: Size = 0

    def same_for_git(self, other: FileState) -> bool:
        """Return whether git would see no difference."""
        return (self.mode, self.sha256) == (other.mode, other.sha256)


NO_FILE = FileState()


class ReplacedFile(ManifestEntry):
    """A file before and after a restoration."""

    before: FileState
    after: FileState

    @classmethod
    def for_path(cls, path: str, before: FileState, after: FileState) -> ReplacedFile:
        """Return an entry for a path as the file system names it."""
        return cls(**path_fields(path), before=before, after=after)


class Restoration(BaseModel):
    """One restoration, or the undo of one.

    Attributes:
        number: 1, 2, 3 … for the repository.
        batch: the batch whose backup was restored; 0 for an undo.
        undoes: the restoration that this one undoes; 0 for none.
        top: path of the work tree, in hex, as it may not be valid text.
        status: ``intent`` may have been interrupted anywhere.
        started_at: seconds since the epoch.
        files: those that it replaced.
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
    files: tuple[ReplacedFile, ...]
    folders: tuple[Hex, ...] = ()


class RestorationStore:
    """The folder of all restorations."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def replaced_contents(self, number: int) -> BackupStore:
        """Return the contents that a restoration replaced."""
        return BackupStore(self.root / str(number))

    def next_number(self) -> int:
        """Return the number for the next restoration."""
        return max(self._list_numbers(), default=0) + 1

    def save(self, restoration: Restoration) -> None:
        """Write a restoration, whose replaced contents have been stored before."""
        folder = self.root / str(restoration.number)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(folder / "manifest.json", restoration.model_dump_json(indent=2))

    def list_all(self) -> list[Restoration]:
        """Return all restorations, newest first.

        Raises:
            StoreError: one cannot be read.
        """
        restorations = []
        for number in sorted(self._list_numbers(), reverse=True):
            path = self.root / str(number) / "manifest.json"
            try:
                restorations.append(Restoration.model_validate_json(path.read_bytes()))
            except FileNotFoundError:  # killed before it had begun
                continue
            except ValidationError as error:
                raise StoreError(f"{path} is damaged", "move it aside") from error
        return restorations

    def find_undoable(self, top: str) -> Restoration | None:
        """Return the latest restoration in a work tree that is neither an undo nor undone; None if there is none."""
        restorations = self.list_all()
        undone = {each.undoes for each in restorations if each.status == "done"}
        in_worktree = (each for each in restorations if bytes.fromhex(each.top) == os.fsencode(top))
        return next((each for each in in_worktree if not each.undoes and each.number not in undone), None)

    def list_restored_batches(self) -> frozenset[int]:
        """Return the batches whose backup was restored, where that was not undone since.

        Raises:
            StoreError: one cannot be read.
        """
        done = [each for each in self.list_all() if each.status == "done"]
        undone = {each.undoes for each in done}
        return frozenset(each.batch for each in done if each.batch and each.number not in undone)

    def list_unused(self) -> list[Path]:
        """Return the folders of the restorations that were undone, and of their undos: no undo needs them.

        Raises:
            StoreError: one cannot be read.
        """
        restorations = self.list_all()
        undone = {each.undoes for each in restorations if each.status == "done" and each.undoes}
        return [self.root / str(each.number) for each in restorations if {each.number, each.undoes} & undone]

    def _list_numbers(self) -> list[int]:
        if not self.root.is_dir():
            return []
        return [int(entry.name) for entry in self.root.iterdir() if entry.name.isascii() and entry.name.isdigit()]
