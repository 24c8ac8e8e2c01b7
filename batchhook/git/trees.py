"""Trees beside each other and put together, by the git command: no files, no libgit2, quick enough for a hook."""

from __future__ import annotations

import os
from collections.abc import Callable

from batchhook.git import snapshot
from batchhook.git.command import Git
from batchhook.git.location import Location


def empty(git: Git) -> str:
    """The name of the tree without entries."""
    return git.text("hash-object", "-t", "tree", "--stdin")


def differences(git: Git, old: str, new: str) -> dict[str, tuple[str, str]]:
    """What is different in a tree, seen from another one.

    Returns:
        path -> mode and name of what is there in the new one, for index-info; mode 0 for nothing.
    """
    return _read(git.run("diff-tree", "-r", "-z", "--no-renames", old, new).stdout)


def touched(git: Git, old: str, new: str) -> dict[str, tuple[str, str]]:
    """The files that are different in a tree, seen from another one.

    Returns:
        path -> names of the old content and of the new; empty for nothing.
    """
    fields = git.text("diff-tree", "-r", "-z", "--no-renames", old, new).split("\0")[:-1]
    found: dict[str, tuple[str, str]] = {}
    for what, path in zip(fields[::2], fields[1::2], strict=True):
        _, _, before, after, _ = what.split(" ")
        found[path] = (before.strip("0") and before, after.strip("0") and after)
    return found


def staged(git: Git, commit: str) -> dict[str, tuple[str, str]]:
    """What is different in the index, seen from a commit (empty for none); as for ``differences``."""
    other = commit or empty(git)
    return _read(git.run("diff-index", "--cached", "-z", "--no-renames", other).stdout)


def _read(printed: bytes) -> dict[str, tuple[str, str]]:
    fields = printed.decode("utf-8", "surrogateescape").split("\0")[:-1]
    found: dict[str, tuple[str, str]] = {}
    for what, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, oid, _ = what.split(" ")
        found[path] = (mode, oid)
    return found


def with_changes(
    git: Git, location: Location, tree: str, other: str, is_wanted: Callable[[str], bool]
) -> tuple[str, frozenset[str]]:
    """A tree that is as another one in some paths.

    Args:
        git: in the work tree.
        location: of the work tree.
        tree: its name.
        other: the other one's.
        is_wanted: whether a path is to be as in the other one.

    Returns:
        the name of what comes of it, and the paths that are different now.
    """
    wanted = {path: there for path, there in differences(git, tree, other).items() if is_wanted(path)}
    gone_first = sorted(wanted.items(), key=lambda item: item[1][0].strip("0") != "")  # a file in a folder's place
    lines = b"".join(os.fsencode(f"{mode} {oid}\t{path}\0") for path, (mode, oid) in gone_first)
    with snapshot.private_index(git, location, "batchhook-tree") as index:
        variables = {"GIT_INDEX_FILE": str(index)}
        git.run("read-tree", tree, variables=variables)
        git.run("update-index", "-z", "--index-info", stdin=lines, variables=variables)
        return git.text("write-tree", variables=variables), frozenset(wanted)
