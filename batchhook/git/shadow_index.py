"""The whole work tree as a tree, again and again: by an index of our own that is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git import snapshot, sparse
from batchhook.git.command import Git
from batchhook.git.location import Location

_INDEX = "batchhook-index-records"


def tree_of_files(git: Git, location: Location) -> str:
    """Name of the tree of all files that git does not ignore; the user's index is not touched.

    The index that is kept knows each file as it was the last time: only what changed since is read, however many files
    there are. Of a sparse checkout it would not know what is left out by now, so that has a fresh one each time.

    Args:
        git: in the work tree's top folder.
        location: of the work tree; one process at a time.

    Raises:
        ConflictError: there are unsolved conflicts.
        GitError: a file cannot be read.
    """
    if sparse.is_on(git):
        return snapshot.tree_of_files(git, location, f"{_INDEX}-fresh")
    index = location.git_dir / _INDEX
    index.with_name(f"{_INDEX}.lock").unlink(missing_ok=True)  # left by a kill
    theirs = location.git_dir / "index"
    if not index.exists() and theirs.exists():
        shutil.copy2(theirs, index)  # with its time, as for a private index
    try:
        return _tree(git, index)
    except GitError:
        if not index.exists():
            raise
        index.unlink()  # git has thrown away contents that it names and nothing else did, or it is damaged
        return _tree(git, index)


def _tree(git: Git, index: Path) -> str:
    variables = {"GIT_INDEX_FILE": str(index)}
    snapshot.add_all(git, variables)
    return git.text("write-tree", variables=variables)


def index_signature(location: Location) -> tuple[int, int, int]:
    """What is different after git has written a work tree's index."""
    try:
        there = (location.git_dir / "index").stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (there.st_ino, there.st_mtime_ns, there.st_size)


def is_git_busy(location: Location) -> bool:
    """Whether a command of git's is at work on a work tree's index or HEAD, or was killed while it was."""
    return any((location.git_dir / name).exists() for name in ("index.lock", "HEAD.lock"))


def ignored(git: Git, location: Location, paths: Collection[str]) -> frozenset[str]:
    """Those of these paths that git ignores, by what the kept index knows; a tracked file is never ignored.

    Args:
        git: in the work tree's top folder.
        location: of the work tree.
        paths: relative to the top; there or not. Where git cannot say it of one, none is ignored.
    """
    index = location.git_dir / _INDEX
    variables = {"GIT_INDEX_FILE": str(index)} if index.exists() else {}
    asked = b"".join(os.fsencode(f"{path}\0") for path in paths if path)
    said = git.run("check-ignore", "--stdin", "-z", stdin=asked, variables=variables, check=False)
    return (
        frozenset(os.fsdecode(path) for path in said.stdout.split(b"\0")[:-1]) if not said.returncode else frozenset()
    )


def commit(git: Git, tree: str, message: str, before: str) -> str:
    """Name of a commit that holds a recorded change; nothing points at it.

    It is made in the user's name, or, where git knows none, in nobody's.

    Args:
        git: in the work tree.
        tree: what it holds.
        message: why it was made.
        before: the commit of the step before; empty where there is none.
    """
    parents = [before] if before else []
    mine = {name: value for name, value in snapshot.IDENTITY.items() if not name.startswith("GIT_AUTHOR")}
    try:
        return snapshot.commit_of_tree(git, tree, message, *parents, identity=mine)
    except GitError:
        return snapshot.commit_of_tree(git, tree, message, *parents)
