"""Copies of files as they were before a batch: a way to restore them that needs none of git's objects.

- ``backups/objects/ab/cdef…`` is the content of a file, stored once for all batches, named by its SHA-256;
- ``backups/batch_3/manifest.json`` lists the files that the batch touched, and what each was before it;
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
from batchhook.store.files import copy_chunks, read_chunks, replace_file, write_chunks

# A manifest may come from anywhere, and its values become parts of paths.
Hex = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{2})*$")]
GitMode = Annotated[str, Field(pattern=r"^(?:[0-7]{6})?$")]
Sha256 = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{64})?$")]
Size = Annotated[int, Field(ge=0)]


class ManifestEntry(BaseModel):
    """An entry for one path in a manifest.

    Attributes:
        path: relative to the repository's top; bytes that are not UTF-8 are escaped.
        path_hex: the path's bytes in hex if it is not UTF-8; otherwise empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    path_hex: Hex = ""

    @property
    def name(self) -> str:
        """The path as the file system names it."""
        return os.fsdecode(bytes.fromhex(self.path_hex)) if self.path_hex else self.path


def path_fields(path: str) -> dict[str, str]:
    """Return the fields of an entry that hold a path as the file system names it."""
    raw = os.fsencode(path)
    text = raw.decode("utf-8", "backslashreplace")
    return {"path": text, "path_hex": "" if text == path else raw.hex()}


class BackedUpFile(ManifestEntry):
    """A file as it was before a batch.

    Attributes:
        existed: the file existed.
        mode: git's mode, for instance ``100755``.
        sha256: of its content, in hex; empty if it did not exist, or for a submodule.
        submodule: the commit of a submodule.
        size: bytes.
        after_mode: its mode at the batch's head; empty if the batch deleted it.
        after_sha256: of its content at the batch's head; empty if there is none, or for a submodule.
    """

    existed: bool
    mode: GitMode = ""
    sha256: Sha256 = ""
    submodule: Hex = ""
    size: Size = 0
    after_mode: GitMode = ""
    after_sha256: Sha256 = ""

    @classmethod
    def for_path(cls, path: str, **fields: object) -> BackedUpFile:
        """Return an entry for a path as the file system names it."""
        return cls.model_validate({**path_fields(path), **fields})


class BackupManifest(BaseModel):
    """The files in a batch's backup.

    Attributes:
        version: of this format.
        batch: the batch's number.
        commit: the batch's base; empty if there was none.
        head: its last commit.
        files: every file that it touched.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    batch: int
    commit: str
    head: str
    files: tuple[BackedUpFile, ...]


class BackupStore:
    """A folder of backups: manifests by batch, and contents by SHA-256."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, batch: int) -> Path:
        """Return the folder of a batch's manifest."""
        return self.root / f"batch_{batch}"

    def object_path(self, sha256: str) -> Path:
        """Return the file that holds a content."""
        return self.root / "objects" / sha256[:2] / sha256[2:]

    def list_batches(self) -> list[int]:
        """Return the numbers of the batches that have a backup, in order."""
        names = (folder.name.removeprefix("batch_") for folder in self.root.glob("batch_[0-9]*"))
        return sorted(int(name) for name in names if name.isascii() and name.isdigit())

    def store(self, content: Iterable[bytes]) -> tuple[str, int]:
        """Store a content, unless it is stored already.

        Args:
            content: its bytes, in chunks.

        Returns:
            its SHA-256 in hex, and its size in bytes.
        """
        return self._store(lambda file: write_chunks(content, file))

    def store_file(self, stream: IO[bytes]) -> tuple[str, int]:
        """Store the content of a file as ``store`` does; the copy shares its blocks where the file system can."""
        return self._store(lambda file: copy_chunks(stream, file))

    def _store(self, write: Callable[[IO[bytes]], Iterator[bytes]]) -> tuple[str, int]:
        objects = self.root / "objects"
        objects.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=objects, delete=False) as file:
            try:
                for chunk in write(file.file):
                    digest.update(chunk)
                    size += len(chunk)
                file.flush()
                os.fsync(file.fileno())
                _move_into_place(Path(file.name), self.object_path(digest.hexdigest()))
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        return digest.hexdigest(), size

    def read_content(self, file: BackedUpFile) -> Iterator[bytes]:
        """Yield a file's bytes, all verified before the first is yielded.

        Raises:
            StoreError: the content is missing, damaged or unreadable.
        """
        path = self.object_path(file.sha256)
        try:
            with path.open("rb") as stream:
                digest = hashlib.sha256()
                for chunk in read_chunks(stream):
                    digest.update(chunk)
                if digest.hexdigest() != file.sha256:
                    raise StoreError(f"the backup of {file.path} is damaged: {path}")
                stream.seek(0)
                yield from read_chunks(stream)
        except FileNotFoundError as error:
            raise StoreError(f"the backup of {file.path} is missing: {path}") from error
        except OSError as error:
            raise StoreError(f"the backup of {file.path} cannot be read ({error.strerror}): {path}") from error

    def write_manifest(self, manifest: BackupManifest) -> None:
        """Write a batch's manifest, whose contents have been stored before."""
        folder = self.folder(manifest.batch)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(folder / "git_commit.txt", f"{manifest.commit}\n")
        replace_file(folder / "manifest.json", manifest.model_dump_json(indent=2))

    def read_manifest(self, batch: int) -> BackupManifest:
        """Return a batch's manifest.

        Raises:
            StoreError: there is none, or it is damaged.
        """
        path = self.folder(batch) / "manifest.json"
        try:
            return BackupManifest.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise StoreError(f"batch {batch} has no backup", f"create it: batchhook backup {batch}") from error
        except ValueError as error:
            raise StoreError(f"the manifest of batch {batch}'s backup is damaged: {path}") from error

    def verify(self, batch: int) -> tuple[str, ...]:
        """Read everything in a batch's backup and return a message for each thing that is missing or damaged."""
        try:
            files = self.read_manifest(batch).files
        except StoreError as error:
            return (error.message,)
        return tuple(message for file in files if (message := self.verify_file(file)))

    def verify_file(self, file: BackedUpFile) -> str:
        """Return a message if a file's content is missing or damaged; empty if it is intact or there is none."""
        if not file.sha256:
            return ""
        try:
            deque(self.read_content(file), maxlen=0)
        except StoreError as error:
            return error.message
        return ""

    def drop_damaged(self, batch: int) -> None:
        """Delete the damaged contents of a batch's backup, so that they can be stored again."""
        try:
            files = self.read_manifest(batch).files
        except StoreError:
            return
        for file in files:
            if self.verify_file(file):
                self.object_path(file.sha256).unlink(missing_ok=True)


def _move_into_place(temporary: Path, path: Path) -> None:
    if path.exists():
        temporary.unlink()
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary.chmod(0o400)
    temporary.replace(path)
