"""Files of a work tree, looked at and replaced one by one.

Each folder on the way is opened by itself and never through a link, so a path that somebody else wrote down leads out
of the work tree neither now nor after somebody has put a link in a folder's place.
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

from batchhook.core.paths import stays_inside
from batchhook.errors import ConflictError
from batchhook.git.collisions import is_spelled
from batchhook.store.backups import Backups
from batchhook.store.reflinks import copied, pieces
from batchhook.store.restorations import NOTHING, State

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LINK = "120000"


class ThroughLinkError(ConflictError):
    """A path leads through a link.

    Attributes:
        link: the link's path.
    """

    def __init__(self, path: str, link: str) -> None:
        super().__init__(f"{path} leads through the link {link}; nothing was touched", "put a folder in its place")
        self.link = link


@dataclass(frozen=True, slots=True)
class Places:
    """The files below a folder.

    Attributes:
        top: the folder.
    """

    top: Path

    @staticmethod
    def check(path: str) -> None:
        """See that a path stays inside, as far as its words say.

        Raises:
            ConflictError: it does not.
        """
        if not stays_inside(path):
            raise ConflictError(f"{path} leads out of the work tree; nothing was touched")

    def look(self, path: str) -> State | None:
        """What is at a path; None for a folder.

        Raises:
            ConflictError: it leads out of the top, through a link or into another repository, or what is there is
                neither a file nor a link.
        """
        try:
            with self._folder_of(path) as (folder, name):
                found = os.lstat(name, dir_fd=folder)
                if stat.S_ISDIR(found.st_mode):
                    return None
                if stat.S_ISLNK(found.st_mode):
                    target = os.fsencode(os.readlink(name, dir_fd=folder))
                    return State(mode=_LINK, sha256=hashlib.sha256(target).hexdigest(), size=len(target))
                if not stat.S_ISREG(found.st_mode):
                    raise ConflictError(f"{path} is neither a file nor a link; nothing was touched", "move it aside")
                digest, size = hashlib.sha256(), 0
                with _reading(folder, name) as stream:
                    for piece in pieces(stream):
                        digest.update(piece)
                        size += len(piece)
                mode = "100755" if found.st_mode & stat.S_IXUSR else "100644"
                permissions = stat.S_IMODE(found.st_mode) & 0o777
                return State(mode=mode, sha256=digest.hexdigest(), size=size, permissions=permissions)
        except (FileNotFoundError, NotADirectoryError):
            return NOTHING

    def keep(self, path: str, copies: Backups) -> str:
        """Store a file's bytes, or what a link says; gives their SHA-256 in hex."""
        with self._folder_of(path) as (folder, name):
            if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
                return copies.store([os.fsencode(os.readlink(name, dir_fd=folder))])[0]
            with _reading(folder, name) as stream:
                return copies.store_file(stream)[0]

    def is_spelled(self, path: str) -> bool:
        """Whether what is at a path has just this name; see ``occupied.is_spelled``."""
        return is_spelled(self.top, path)

    def inside(self, path: str) -> list[str]:
        """Paths of all that is in a folder but folders, in it and further down."""
        found: list[str] = []
        for folder, _, files in os.walk(self.top / path):
            found += [os.path.relpath(os.path.join(folder, name), self.top) for name in files]  # noqa: PTH118 - many
        return found

    def remove(self, path: str) -> None:
        """Remove a file or a link, and the folders that are empty without it."""
        with suppress(FileNotFoundError, NotADirectoryError), self._folder_of(path) as (folder, name):
            os.unlink(name, dir_fd=folder)
        parts = path.split("/")[:-1]
        while parts:
            try:
                with self._folder_of("/".join(parts)) as (folder, name):
                    os.rmdir(name, dir_fd=folder)
            except OSError:
                return
            parts.pop()

    def put(self, path: str, state: State, content: Path, temporary: str) -> None:
        """Put a file or a link in a place, whole: at any moment the old one is there, or the new one.

        Args:
            path: where; folders on the way are made.
            state: what it is to be.
            content: a file with its content, which is read once more on the way and compared with ``state``.
            temporary: a name that no file has.

        Raises:
            ConflictError: the content is no longer what it was.
            OSError: no room, no permission.
        """
        with self._folder_of(path, make=True) as (folder, name):
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
                    _remove_folders(folder, name)  # those that the removals have emptied
                os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
            os.fsync(folder)

    def forget(self, path: str, temporary: str) -> None:
        """Remove what a killed ``put`` may have left beside a path."""
        with suppress(OSError, ConflictError), self._folder_of(path) as (folder, _):
            os.unlink(temporary, dir_fd=folder)

    @contextmanager
    def _folder_of(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """The folder that a path is in, opened, and its name there.

        Raises:
            ConflictError: it leads out of the top, through a link or into another repository.
            FileNotFoundError, NotADirectoryError: there is no such folder.
        """
        self.check(path)
        *folders, name = path.split("/")
        descriptor = os.open(self.top, _FOLDER & ~os.O_NOFOLLOW)
        try:
            for depth, place in enumerate(folders, start=1):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(place, dir_fd=descriptor)
                inner = _opened(descriptor, place, path, "/".join(folders[:depth]))
                os.close(descriptor)
                descriptor = inner
                if _exists(descriptor, ".git"):
                    raise ConflictError(f"{path} is in another repository, which is never reached into")
            yield descriptor, name
        finally:
            os.close(descriptor)


def _opened(folder: int, name: str, path: str, way: str) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR} and stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
            raise ThroughLinkError(path, way) from error
        raise


def _remove_folders(folder: int, name: str) -> None:
    """Remove a folder and those in it; refused by the system where there is anything else."""
    for _, inner, _, here in os.fwalk(name, topdown=False, dir_fd=folder):
        for each in inner:
            os.rmdir(each, dir_fd=here)
    os.rmdir(name, dir_fd=folder)


def _exists(folder: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def _reading(folder: int, name: str) -> IO[bytes]:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    return os.fdopen(descriptor, "rb")


def _copy(content: Path, folder: int, name: str, state: State) -> None:
    """Copy a content, and see on the way that it is what it should be."""
    wanted = state.permissions or (0o777 if state.mode == "100755" else 0o666) & ~_umask()
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    digest = hashlib.sha256()
    with os.fdopen(descriptor, "w+b") as copy, content.open("rb") as stream:
        for piece in copied(stream, copy):
            digest.update(piece)
        _check(content, digest, state)
        copy.flush()
        os.fchmod(descriptor, wanted)
        os.fsync(descriptor)


def _check(content: Path, digest: hashlib._Hash, state: State) -> None:
    if digest.hexdigest() != state.sha256:
        raise ConflictError(f"the copy {content} is damaged")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
