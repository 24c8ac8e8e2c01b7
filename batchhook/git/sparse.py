"""Sparse checkouts: files that are in the index and, by the user's choice, not in the work tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from batchhook.git.command import Git


def is_enabled(git: Git) -> bool:
    """Return whether a work tree is a sparse checkout."""
    return git.text("config", "--type=bool", "--default=false", "core.sparseCheckout") == "true"


def excluded_paths(git: Git, index: Path, target: str, changed: Mapping[str, tuple[str, str]]) -> frozenset[str]:
    """Return the changed paths that are absent from the work tree and must stay absent.

    Args:
        git: in the work tree's top folder.
        index: the current index.
        target: the tree to switch to.
        changed: path -> (old oid, new oid); empty for none.

    Returns:
        Paths that the index marks skip-worktree, and new ones that the patterns exclude.
    """
    absent = {path for path in changed if not os.path.lexists(git.folder / path)}
    skipped = absent & skip_worktree_paths(git, index)
    new = {path for path in absent if not changed[path][0]}
    return frozenset(skipped | (new - _included_paths(git, target) if new else set()))


def skip_worktree_paths(git: Git, index: Path | None = None) -> frozenset[str]:
    """Return the paths that an index (the user's by default) marks skip-worktree."""
    variables = {"GIT_INDEX_FILE": str(index)} if index else None
    rows = git.run("ls-files", "-v", "-z", variables=variables).stdout.split(b"\0")
    return frozenset(os.fsdecode(row[2:]) for row in rows if row[:2] in {b"S ", b"s "})


def _included_paths(git: Git, tree: str) -> frozenset[str]:
    """Return the files of a tree that the sparse checkout's patterns include.

    The patterns have ``.gitignore``'s syntax; ``git sparse-checkout check-rules`` exists only since git 2.41.
    """
    patterns = git.text("rev-parse", "--path-format=absolute", "--git-path", "info/sparse-checkout")
    with tempfile.TemporaryDirectory(prefix="batchhook-sparse-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        git.run("read-tree", "--no-sparse-checkout", tree, variables=index)
        options = ("--cached", "--ignored", "-z", f"--exclude-from={patterns}")
        rows = git.run("ls-files", *options, variables=index).stdout.split(b"\0")
    return frozenset(map(os.fsdecode, rows))


def replace_paths(git: Git, tree: str, other: str, paths: Collection[str]) -> str:
    """Write a tree with some paths taken from another tree."""
    with tempfile.TemporaryDirectory(prefix="batchhook-sparse-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        git.run("read-tree", "--no-sparse-checkout", other, variables=index)
        rows = git.run("ls-files", "--stage", "-z", variables=index).stdout.split(b"\0")[:-1]
        other_rows = {os.fsdecode(row.split(b"\t", 1)[1]): row for row in rows}
        git.run("read-tree", "--no-sparse-checkout", tree, variables=index)
        null_oid = "0" * len(tree)
        removals = [os.fsencode(f"0 {null_oid}\t{path}\0") for path in paths]
        additions = [other_rows[path] + b"\0" for path in paths if path in other_rows]
        git.run("update-index", "-z", "--index-info", stdin=b"".join(removals + additions), variables=index)
        return git.text("write-tree", "--missing-ok", variables=index)


def mark_skip_worktree(git: Git, paths: Collection[str]) -> None:
    """Mark paths in the user's index skip-worktree; paths not in it are skipped."""
    rows = git.run("ls-files", "-z").stdout.split(b"\0") if paths else []
    known = [row for row in rows if os.fsdecode(row) in paths]
    if known:
        git.run("update-index", "-z", "--skip-worktree", "--stdin", stdin=b"".join(row + b"\0" for row in known))
