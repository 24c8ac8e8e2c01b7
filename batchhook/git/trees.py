"""Compare and combine trees with the git command: no work tree, no libgit2, fast enough for hooks."""

from __future__ import annotations

import os
from collections.abc import Callable

from batchhook.git import snapshot
from batchhook.git.command import Git
from batchhook.git.location import Location

_RAW = ("--raw", "-z", "--no-renames", "--no-abbrev")


def empty_tree(git: Git) -> str:
    """Return the oid of the empty tree."""
    return git.text("hash-object", "-t", "tree", "--stdin")


def diff(git: Git, old: str, new: str) -> dict[str, tuple[str, str]]:
    """Compare two trees.

    Returns:
        path -> (mode, oid) in the new tree, as for ``update-index --index-info``; mode 0 if missing.
    """
    return _parse_raw(git.run("diff-tree", *_RAW, "-r", old, new).stdout)


def diff_blobs(git: Git, old: str, new: str) -> dict[str, tuple[str, str]]:
    """Compare two trees by content.

    Returns:
        path -> (old oid, new oid); empty if missing.
    """
    fields = git.text("diff-tree", *_RAW, "-r", old, new).split("\0")[:-1]
    blobs: dict[str, tuple[str, str]] = {}
    for row, path in zip(fields[::2], fields[1::2], strict=True):
        _, _, old_oid, new_oid, _ = row.split(" ")
        blobs[path] = (old_oid.strip("0") and old_oid, new_oid.strip("0") and new_oid)
    return blobs


def diff_index(git: Git, commit: str) -> dict[str, tuple[str, str]]:
    """Compare the index with a commit (empty for none); returns as ``diff``."""
    other = commit or empty_tree(git)
    return _parse_raw(git.run("diff-index", *_RAW, "--cached", other).stdout)


def _parse_raw(printed: bytes) -> dict[str, tuple[str, str]]:
    fields = printed.decode("utf-8", "surrogateescape").split("\0")[:-1]
    entries: dict[str, tuple[str, str]] = {}
    for row, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, oid, _ = row.split(" ")
        entries[path] = (mode, oid)
    return entries


def overlay(
    git: Git, location: Location, tree: str, other: str, is_wanted: Callable[[str], bool]
) -> tuple[str, frozenset[str]]:
    """Write a tree with some paths taken from another tree.

    Args:
        git: in the work tree.
        location: of the work tree.
        tree: the tree to start from.
        other: the tree to take paths from.
        is_wanted: selects the paths to take.

    Returns:
        The new tree, and the paths that changed.
    """
    wanted = {path: entry for path, entry in diff(git, tree, other).items() if is_wanted(path)}
    removals_first = sorted(wanted.items(), key=lambda item: item[1][0].strip("0") != "")  # a file may replace a folder
    lines = b"".join(os.fsencode(f"{mode} {oid}\t{path}\0") for path, (mode, oid) in removals_first)
    with snapshot.temporary_index(git, location, "batchhook-tree") as index:
        variables = {"GIT_INDEX_FILE": str(index)}
        git.run("read-tree", tree, variables=variables)
        git.run("update-index", "-z", "--index-info", stdin=lines, variables=variables)
        return git.text("write-tree", variables=variables), frozenset(wanted)
