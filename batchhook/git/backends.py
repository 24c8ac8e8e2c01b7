"""Choose the backend that reads a repository's objects: libgit2 where it can, else the git command."""

from __future__ import annotations

from pathlib import Path

from batchhook.git.object_db import ObjectDatabase


def open_repository(common_dir: Path) -> ObjectDatabase:
    """Open a repository's objects for reading and merging.

    Raises:
        GitError: git cannot open the repository.
    """
    # Most commands need no libgit2, which is slow to load.
    from batchhook.git.cli_backend import CliBackend  # noqa: PLC0415
    from batchhook.git.pygit2_backend import open_with_pygit2  # noqa: PLC0415

    return open_with_pygit2(common_dir, CliBackend(common_dir))
