"""Untracked paths that stay out of snapshots: other repositories, and files too large to be stored again and again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from batchhook.git.command import Git

PATHSPEC_OPTIONS = ("--pathspec-from-file=-", "--pathspec-file-nul")
PATHSPEC_VARIABLES: Mapping[str, str] = MappingProxyType(
    {f"GIT_{kind}_PATHSPECS": "0" for kind in ("LITERAL", "GLOB", "NOGLOB", "ICASE")}
)
"""A user's setting of these would turn the exclusions into names of files."""


@dataclass(frozen=True, slots=True)
class Omissions:
    """Untracked paths that a snapshot omits, relative to the top folder; no operation touches them.

    Attributes:
        repositories: nested repositories and work trees (``.claude/worktrees/x``). They have a history of their own,
            and git would store nothing of them but the commit that is checked out. Submodules are tracked.
        large_files: path -> size in bytes.
    """

    repositories: tuple[str, ...] = ()
    large_files: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def paths(self) -> tuple[str, ...]:
        """Return all omitted paths."""
        return (*self.repositories, *self.large_files)


def find_omissions(git: Git, size_limit: float = 0) -> Omissions:
    """Find the untracked paths that a snapshot must omit, going by the user's index.

    Args:
        git: in the work tree's top folder.
        size_limit: bytes of the largest untracked file that snapshots store; 0 for no limit.

    Raises:
        GitError: the index cannot be read.
    """
    listed = _list_untracked(git)
    return Omissions(
        tuple(os.fsdecode(path[:-1]) for path in listed if path.endswith(b"/")),
        MappingProxyType(dict(_large_files(git, listed, size_limit)) if size_limit else {}),
    )


def has_uncommitted(git: Git) -> bool:
    """Return whether a work tree has uncommitted changes, untracked files included, nested repositories not.

    Args:
        git: in the work tree's top folder.
    """
    if git.text("status", "--porcelain=v1", "--untracked-files=no", "--ignore-submodules=none"):
        return True
    return not all(path.endswith(b"/") for path in _list_untracked(git))


def _list_untracked(git: Git) -> list[bytes]:
    """List the untracked files that git does not ignore; the paths of repositories end with a slash."""
    return git.run("ls-files", "--others", "--exclude-standard", "-z").stdout.split(b"\0")[:-1]


def _large_files(git: Git, listed: Iterable[bytes], size_limit: float) -> Iterable[tuple[str, int]]:
    top = os.fsencode(git.folder)
    for path in listed:
        try:
            size = os.lstat(os.path.join(top, path)).st_size  # noqa: PTH118 - a name that may hold any bytes
        except OSError:  # just removed
            continue
        if size > size_limit and not path.endswith(b"/"):
            yield os.fsdecode(path), size


def pathspecs(omissions: Omissions) -> bytes:
    """Return pathspecs for everything but the omitted paths, as ``--pathspec-from-file=-`` reads them."""
    rows = [":(top)", *(f":(exclude,top,literal){path}" for path in omissions.paths)]
    return b"".join(os.fsencode(f"{row}\0") for row in rows)
