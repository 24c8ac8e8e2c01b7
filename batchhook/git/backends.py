"""Opening a repository's objects: by libgit2 where it can, else by the git command."""

from __future__ import annotations

from pathlib import Path

from batchhook.git.object_db import Objects


def open_repository(common_dir: Path) -> Objects:
    """Open a repository for reading and merging.

    Raises:
        GitError: git does not open it.
    """
    from batchhook.git.cli_backend import ByCommand  # noqa: PLC0415 - see by_libgit
    from batchhook.git.pygit2_backend import opened  # noqa: PLC0415 - most commands need no libgit2, which takes long to load

    return opened(common_dir, ByCommand(common_dir))
