"""Git LFS in private work trees: locally stored contents become files, all others stay pointers.

Never from the network: git-lfs would fetch missing contents in the middle of a checkout, and fail where it cannot.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from batchhook.git.command import Git

# Makes checkout write pointers, whether git-lfs is installed or not; git-lfs calls git with the same options.
POINTERS = tuple(
    word for setting in ("process=", "smudge=", "clean=", "required=false") for word in ("-c", f"filter.lfs.{setting}")
)


def fill_in(git: Git, attributes: Sequence[str]) -> None:
    """Replace pointers by their contents, where these are stored locally.

    Args:
        git: in the private work tree.
        attributes: paths of the commit's ``.gitattributes`` files, already checked out.

    Raises:
        GitError: git-lfs failed, for instance because the disk is full.
    """
    # Cheapest check first; most projects stop there.
    if _is_mentioned(git, attributes) and _is_installed(git) and _is_set_up(git):
        git.run("lfs", "checkout")


def _is_mentioned(git: Git, attributes: Sequence[str]) -> bool:
    files = (git.folder / path for path in attributes)
    return any(b"filter=lfs" in file.read_bytes() for file in files if file.is_file() and not file.is_symlink())


def _is_installed(git: Git) -> bool:
    return shutil.which("git-lfs", path=git.environment.get("PATH", os.defpath)) is not None


def _is_set_up(git: Git) -> bool:
    """Return whether git-lfs is configured as a filter; without it, the user's checkout holds pointers as well."""
    return git.succeeds("config", "--get-regexp", r"^filter\.lfs\.(process|smudge)$", ".")
