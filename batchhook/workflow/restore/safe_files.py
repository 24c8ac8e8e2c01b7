"""Reading and replacing files of a work tree by paths that are not trusted.

Each folder on the way is opened separately and never through a link. So a path from a manifest that someone else wrote
cannot lead out of the work tree, not even if a folder is replaced by a link in between.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from batchhook.core.paths import is_safe_path
from batchhook.errors import ConflictError
from batchhook.store.backups import BackupStore
from batchhook.store.files import copy_chunks, read_chunks
from batchhook.store.restorations import NO_FILE, FileState

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LINK = "120000"


class ThroughLinkError(ConflictError):
    """A path leads through a link, whose path is ``link``."""

    def __init__(self, path: str, link: str) -> None:
        super().__init__(f"{path} leads through the link {link}; nothing was changed", "put a folder in its place")
        self.link = link


@dataclass(frozen=True, slots=True)
class SafeFiles:
    """Access to the files below the folder ``top``."""

    top: Path

    @staticmethod
    def check_inside(path: str) -> None:
        """Check that the text of a path does not lead out of the top.

        Raises:
            ConflictError: it does.
        """
        if not is_safe_path(path):
            raise ConflictError(f"{path} leads out of the work tree; nothing was changed")

    def read_state(self, path: str) -> FileState | None:
        """Return the file or link at a path; None for a folder.

        Raises:
            ConflictError: it leads out of the top, through a link or into another repository, or it is neither a file
                nor a link.
        """
        try:
            with self._open_parent(path) as (folder, name):
                status = os.lstat(name, dir_fd=folder)
                if stat.S_ISDIR(status.st_mode):
                    return None
                if stat.S_ISLNK(status.st_mode):
                    target = os.fsencode(os.readlink(name, dir_fd=folder))
                    return FileState(mode=_LINK, sha256=hashlib.sha256(target).hexdigest(), size=len(target))
                if not stat.S_ISREG(status.st_mode):
                    raise ConflictError(f"{path} is neither a file nor a link; nothing was changed", "move it aside")
                digest, size = hashlib.sha256(), 0
                with _open_file(folder, name) as stream:
                    for chunk in read_chunks(stream):
                        digest.update(chunk)
                        size += len(chunk)
                mode = "100755" if status.st_mode & stat.S_IXUSR else "100644"
                permissions = stat.S_IMODE(status.st_mode) & 0o777
                return FileState(mode=mode, sha256=digest.hexdigest(), size=size, permissions=permissions)
        except (FileNotFoundError, NotADirectoryError):
            return NO_FILE

    def copy_content(self, path: str, copies: BackupStore) -> str:
        """Store a file's content, or a link's target; return its SHA-256 in hex."""
        with self._open_parent(path) as (folder, name):
            if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
                return copies.store([os.fsencode(os.readlink(name, dir_fd=folder))])[0]
            with _open_file(folder, name) as stream:
                return copies.store_file(stream)[0]

    def list_files(self, path: str) -> list[str]:
        """List the paths of all files and links below a folder.

        Raises:
            ConflictError: it leads out of the top, through a link or into another repository.
        """
        paths: list[str] = []
        with self._open_parent(path) as (parent, top):
            parent_path = path.removesuffix(top)
            for folder, folders, files, descriptor in os.fwalk(top, dir_fd=parent):
                links = [name for name in folders if stat.S_ISLNK(os.lstat(name, dir_fd=descriptor).st_mode)]
                paths += [f"{parent_path}{folder}/{name}" for name in (*files, *links)]
        return paths

    def remove(self, path: str) -> None:
        """Remove a file or a link, and the folders that this leaves empty, except for the current folder."""
        with suppress(FileNotFoundError, NotADirectoryError), self._open_parent(path) as (folder, name):
            os.unlink(name, dir_fd=folder)
        parts = path.split("/")[:-1]
        while parts:
            try:
                with self._open_parent("/".join(parts)) as (folder, name):
                    if os.path.samestat(os.lstat(name, dir_fd=folder), os.stat(".")):  # noqa: PTH116 - to compare
                        return
                    os.rmdir(name, dir_fd=folder)
            except OSError:
                return
            parts.pop()

    def write(self, path: str, state: FileState, content: Path, temporary: str) -> None:
        """Replace a file or a link atomically.

        Args:
            path: of the file; folders on the way are created.
            state: the new state.
            content: a file with the new content, which is compared with ``state`` while it is copied.
            temporary: an unused name.

        Raises:
            ConflictError: the content has changed.
            OSError: the disk is full, or a permission is missing.
        """
        with self._open_parent(path, create=True) as (folder, name):
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            try:
                if state.mode == _LINK:
                    target = content.read_bytes()
                    _check(content, hashlib.sha256(target), state)
                    os.symlink(target, os.fsencode(temporary), dir_fd=folder)
                else:
                    _copy(content, folder, temporary, state)
                with suppress(FileNotFoundError, NotADirectoryError):
                    _remove_folders(folder, name)  # the removals have emptied them
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
            os.fsync(folder)

    def remove_temporary(self, path: str, temporary: str) -> None:
        """Remove what a killed ``write`` may have left beside a path."""
        with suppress(OSError, ConflictError), self._open_parent(path) as (folder, _):
            os.unlink(temporary, dir_fd=folder)

    @contextmanager
    def _open_parent(self, path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        """Open the folder that a path is in.

        Yields:
            the folder's descriptor, and the file's name in it.

        Raises:
            ConflictError: the path leads out of the top, through a link or into another repository.
            FileNotFoundError, NotADirectoryError: there is no such folder.
        """
        self.check_inside(path)
        *folders, name = path.split("/")
        descriptor = os.open(self.top, _FOLDER & ~os.O_NOFOLLOW)
        try:
            for depth, folder in enumerate(folders, start=1):
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(folder, dir_fd=descriptor)
                inner = _open_folder(descriptor, folder, path, "/".join(folders[:depth]))
                os.close(descriptor)
                descriptor = inner
                if _exists(descriptor, ".git"):
                    raise ConflictError(f"{path} is in another repository, which batchhook never changes")
            yield descriptor, name
        finally:
            os.close(descriptor)


def _open_folder(parent: int, name: str, path: str, folder_path: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR} and stat.S_ISLNK(os.lstat(name, dir_fd=parent).st_mode):
            raise ThroughLinkError(path, folder_path) from error
        raise


def _remove_folders(folder: int, name: str) -> None:
    """Remove a folder that holds nothing but folders; the system refuses any other."""
    for _, folders, _, parent in os.fwalk(name, topdown=False, dir_fd=folder):
        for each in folders:
            os.rmdir(each, dir_fd=parent)
    os.rmdir(name, dir_fd=folder)


def _exists(folder: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def _open_file(folder: int, name: str) -> IO[bytes]:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    return os.fdopen(descriptor, "rb")


def _copy(content: Path, folder: int, name: str, state: FileState) -> None:
    """Copy a content, and check it on the way."""
    permissions = state.permissions or (0o777 if state.mode == "100755" else 0o666) & ~_umask()
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    digest = hashlib.sha256()
    with os.fdopen(descriptor, "w+b") as copy, content.open("rb") as stream:
        for chunk in copy_chunks(stream, copy):
            digest.update(chunk)
        _check(content, digest, state)
        copy.flush()
        os.fchmod(descriptor, permissions)
        os.fsync(descriptor)


def _check(content: Path, digest: hashlib._Hash, state: FileState) -> None:
    if digest.hexdigest() != state.sha256:
        raise ConflictError(f"the copy {content} is damaged")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
