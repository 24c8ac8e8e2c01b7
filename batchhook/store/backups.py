"""File copies of the state before a batch: a way back that needs none of git's objects.

- ``backups/objects/ab/cdef…`` is a file's content, once for all batches, under its SHA-256;
- ``backups/batch_3/manifest.json`` says which files the batch touched, and what each was before;
- ``backups/batch_3/git_commit.txt`` names the commit before the batch.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Annotated

from pydantic import BaseModel, ConfigDict, Field

from batchhook.errors import StoreError
from batchhook.store.reflinks import copied, pieces, written

# A manifest may have been written by anybody: what stands in it becomes part of paths.
Hex = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{2})*$")]
Mode = Annotated[str, Field(pattern=r"^(?:[0-7]{6})?$")]
Sha256 = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{64})?$")]
Size = Annotated[int, Field(ge=0)]


class BackedUpFile(BaseModel):
    """One file as it was before a batch.

    Attributes:
        path: relative to the repository's top; bytes that are no UTF-8 stand escaped.
        path_hex: the path's bytes in hex, where it is not UTF-8.
        existed: whether there was such a file at all.
        mode: git's mode, for instance ``100755``.
        sha256: of its content, in hex; empty for one that did not exist, and for a submodule.
        submodule: the commit that a submodule stood at.
        size: bytes.
        left_mode: the mode that the batch left it with; empty if it left none; None in backups of version 0.1.0.
        left_sha256: of what the batch left there; empty for nothing, and for a submodule.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    path_hex: Hex = ""
    existed: bool
    mode: Mode = ""
    sha256: Sha256 = ""
    submodule: Hex = ""
    size: Size = 0
    left_mode: Mode | None = None
    left_sha256: Sha256 = ""

    @property
    def name(self) -> str:
        """Its path as the file system names it."""
        return os.fsdecode(bytes.fromhex(self.path_hex)) if self.path_hex else self.path

    @classmethod
    def at(cls, path: str, **rest: object) -> BackedUpFile:
        """An entry for a path as the file system names it."""
        raw = os.fsencode(path)
        text = raw.decode("utf-8", "backslashreplace")
        return cls.model_validate({"path": text, "path_hex": "" if text == path else raw.hex(), **rest})


class Manifest(BaseModel):
    """What a backup holds.

    Attributes:
        version: of this form.
        batch: the batch's number.
        commit: the commit before it; empty where there was none.
        head: its last commit.
        files: every file that it touched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    batch: int
    commit: str
    head: str
    files: tuple[BackedUpFile, ...]


class Backups:
    """The folder of all backups."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, batch: int) -> Path:
        """Where a batch's manifest is."""
        return self.root / f"batch_{batch}"

    def batches(self) -> list[int]:
        """Numbers of the batches that have a backup, in order."""
        names = (folder.name.removeprefix("batch_") for folder in self.root.glob("batch_[0-9]*"))
        return sorted(int(name) for name in names if name.isascii() and name.isdigit())

    def damages(self, batch: int) -> tuple[str, ...]:
        """Read all that a batch's backup holds; gives what is missing or damaged, each as a sentence."""
        try:
            files = self.read(batch).files
        except StoreError as error:
            return (error.message,)
        return tuple(said for file in files if (said := self.damage(file)))

    def damage(self, file: BackedUpFile) -> str:
        """What is the matter with a file's content; empty where it is whole, or there was none."""
        if not file.sha256:
            return ""
        try:
            deque(self.content(file), maxlen=0)
        except StoreError as error:
            return error.message
        return ""

    def drop_damaged(self, batch: int) -> None:
        """Remove contents of a batch's backup that are no longer what they were, so that they can be stored again."""
        try:
            files = self.read(batch).files
        except StoreError:
            return
        for file in files:
            if self.damage(file):
                self.object(file.sha256).unlink(missing_ok=True)

    def object(self, sha256: str) -> Path:
        """Where a content is."""
        return self.root / "objects" / sha256[:2] / sha256[2:]

    def store(self, content: Iterable[bytes]) -> tuple[str, int]:
        """Keep a content, unless it is there already.

        Args:
            content: its bytes, in order.

        Returns:
            its SHA-256 in hex, and its size in bytes.
        """
        return self._store(lambda file: written(content, file))

    def store_file(self, stream: IO[bytes]) -> tuple[str, int]:
        """The same with what a file holds; where the file system can, both share the room."""
        return self._store(lambda file: copied(stream, file))

    def _store(self, fill: Callable[[IO[bytes]], Iterator[bytes]]) -> tuple[str, int]:
        incoming = self.root / "objects"
        incoming.mkdir(mode=0o700, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as file:
            try:
                for piece in fill(file.file):
                    digest.update(piece)
                    size += len(piece)
                file.flush()
                os.fsync(file.fileno())
                _settle(Path(file.name), self.object(digest.hexdigest()))
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        return digest.hexdigest(), size

    def write(self, manifest: Manifest) -> None:
        """Write a batch's manifest; its contents have been stored before."""
        folder = self.folder(manifest.batch)
        folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(folder / "git_commit.txt", f"{manifest.commit}\n")
        write_whole(folder / "manifest.json", manifest.model_dump_json(indent=2))

    def read(self, batch: int) -> Manifest:
        """A batch's manifest.

        Raises:
            StoreError: there is none, or it is damaged.
        """
        path = self.folder(batch) / "manifest.json"
        try:
            return Manifest.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise StoreError(f"batch {batch} has no backup", f"batchhook backup {batch} makes it") from error
        except ValueError as error:
            raise StoreError(f"the manifest of batch {batch}'s backup is damaged: {path}") from error

    def content(self, file: BackedUpFile) -> Iterator[bytes]:
        """A file's bytes, verified before the first is given.

        Raises:
            StoreError: the content is missing, or is no longer what it was.
        """
        path = self.object(file.sha256)
        try:
            with path.open("rb") as stream:
                digest = hashlib.sha256()
                for piece in pieces(stream):
                    digest.update(piece)
                if digest.hexdigest() != file.sha256:
                    raise StoreError(f"the backup of {file.path} is damaged: {path}")
                stream.seek(0)
                yield from pieces(stream)
        except FileNotFoundError as error:
            raise StoreError(f"the backup of {file.path} is missing: {path}") from error
        except OSError as error:
            raise StoreError(f"the backup of {file.path} cannot be read ({error.strerror}): {path}") from error


def _settle(temporary: Path, place: Path) -> None:
    if place.exists():
        temporary.unlink()
        return
    place.parent.mkdir(mode=0o700, exist_ok=True)
    temporary.chmod(0o400)
    temporary.replace(place)


def write_whole(path: Path, text: str) -> None:
    """Replace a file whole: a reader, or a crash, sees the old or the new one."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    with open(temporary, "x", encoding="utf-8", opener=_private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
