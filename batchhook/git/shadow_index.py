"""Write the whole work tree as a tree, repeatedly and cheaply, through a persistent index of our own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git import snapshot, sparse, untracked
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.git.untracked import Omissions

_INDEX = "batchhook-index-records"


def write_tree(git: Git, location: Location, omissions: Omissions | None = None) -> str:
    """Write the tree of all files that git does not ignore; leaves the user's index alone.

    The persistent index remembers each file's stat data, so only files that changed since are read. A sparse checkout
    gets a fresh index each time, since its exclusions may have changed.

    Args:
        git: in the work tree's top folder.
        location: the work tree; one process at a time.
        omissions: the untracked paths to omit; None for nested repositories only.

    Raises:
        ConflictError: there are unresolved conflicts.
        GitError: a file cannot be read.
    """
    omissions = untracked.find_omissions(git) if omissions is None else omissions
    if sparse.is_enabled(git):
        return snapshot.capture_files(git, location, f"{_INDEX}-fresh", omissions)
    index = location.git_dir / _INDEX
    index.with_name(f"{_INDEX}.lock").unlink(missing_ok=True)  # left by a kill
    user_index = location.git_dir / "index"
    if not index.exists() and user_index.exists():
        shutil.copy2(user_index, index)  # keeps its mtime, see snapshot.temporary_index
    try:
        return _write_tree(git, index, omissions)
    except GitError:
        if not index.exists():
            raise
        index.unlink()  # gc pruned blobs that only this index names, or it is damaged
        return _write_tree(git, index, omissions)


def _write_tree(git: Git, index: Path, omissions: Omissions) -> str:
    variables = {"GIT_INDEX_FILE": str(index)}
    snapshot.add_all(git, variables, omissions)
    return git.text("write-tree", variables=variables)


def index_signature(location: Location) -> tuple[int, int, int]:
    """Return what changes when git writes a work tree's index: inode, mtime in ns, size in bytes."""
    try:
        status = (location.git_dir / "index").stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def is_git_busy(location: Location) -> bool:
    """Return whether a git command holds, or was killed holding, the lock of a work tree's index or HEAD."""
    return any((location.git_dir / name).exists() for name in ("index.lock", "HEAD.lock"))


def find_ignored(git: Git, location: Location, paths: Collection[str]) -> frozenset[str]:
    """Return the paths that git ignores, going by the persistent index; a tracked file is never ignored.

    Args:
        git: in the work tree's top folder.
        location: of the work tree.
        paths: relative to the top; they need not exist. If git cannot answer for one, none counts as ignored.
    """
    index = location.git_dir / _INDEX
    variables = {"GIT_INDEX_FILE": str(index)} if index.exists() else {}
    stdin = b"".join(os.fsencode(f"{path}\0") for path in paths if path)
    result = git.run("check-ignore", "--stdin", "-z", stdin=stdin, variables=variables, check=False)
    return (
        frozenset(os.fsdecode(path) for path in result.stdout.split(b"\0")[:-1])
        if not result.returncode
        else frozenset()
    )


def commit_change(git: Git, tree: str, message: str, before: str) -> str:
    """Create a commit for a recorded change; moves no ref.

    The author is the user, or batchhook if no identity is configured.

    Args:
        git: in the work tree.
        tree: its tree.
        message: its message.
        before: the commit of the step before; empty for none.
    """
    parents = [before] if before else []
    as_user = {name: value for name, value in snapshot.IDENTITY.items() if not name.startswith("GIT_AUTHOR")}
    try:
        return snapshot.commit_tree(git, tree, message, *parents, identity=as_user)
    except GitError:
        return snapshot.commit_tree(git, tree, message, *parents)
