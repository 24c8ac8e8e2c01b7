"""Git LFS in a private work tree: contents that are stored here are real files, all others stay pointers.

Without the network: git-lfs would fetch in the middle of a checkout what is not here, and fail where it cannot.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from batchhook.git.command import Git

# For a checkout that writes pointers, whether git-lfs is installed or not. git-lfs calls git with the same ones.
POINTERS = tuple(
    word for setting in ("process=", "smudge=", "clean=", "required=false") for word in ("-c", f"filter.lfs.{setting}")
)


def fill_in(git: Git, attributes: Sequence[str]) -> None:
    """Put the contents that are stored here in the place of their pointers.

    Args:
        git: in the private work tree.
        attributes: paths of the commit's ``.gitattributes`` files; they are checked out.

    Raises:
        GitError: git-lfs could not, for instance for want of room.
    """
    # Each question costs more than the one before it; most projects are done with the first.
    if _is_mentioned(git, attributes) and _is_installed(git) and _is_set_up(git):
        git.run("lfs", "checkout")


def _is_mentioned(git: Git, attributes: Sequence[str]) -> bool:
    files = (git.folder / path for path in attributes)
    return any(b"filter=lfs" in file.read_bytes() for file in files if file.is_file() and not file.is_symlink())


def _is_installed(git: Git) -> bool:
    return shutil.which("git-lfs", path=git.environment.get("PATH", os.defpath)) is not None


def _is_set_up(git: Git) -> bool:
    """Whether the main checkout has more than pointers: where git-lfs is no filter, it has not."""
    return git.succeeds("config", "--get-regexp", r"^filter\.lfs\.(process|smudge)$", ".")
