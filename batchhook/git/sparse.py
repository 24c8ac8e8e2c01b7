"""Sparse checkouts: files that are in the index and, by the user's wish, not in the work tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from batchhook.git.command import Git


def is_on(git: Git) -> bool:
    """Whether a work tree leaves files out."""
    return git.text("config", "--type=bool", "--default=false", "core.sparseCheckout") == "true"


def left_out(git: Git, index: Path, then: str, changed: Mapping[str, tuple[str, str]]) -> frozenset[str]:
    """Those of some paths that are not in the work tree, and are to stay out of it.

    Args:
        git: in the work tree's top folder.
        index: of what is there now.
        then: the tree of what is to be there.
        changed: path -> names of the two contents, empty for nothing.

    Returns:
        what the index marks as left out, and what is new and is not meant by the patterns.
    """
    absent = {path for path in changed if not os.path.lexists(git.folder / path)}
    skipped = absent & marked(git, index)
    new = {path for path in absent if not changed[path][0]}
    return frozenset(skipped | (new - _meant(git, then) if new else set()))


def marked(git: Git, index: Path | None = None) -> frozenset[str]:
    """The paths that an index, the user's or another, marks as left out."""
    variables = {"GIT_INDEX_FILE": str(index)} if index else None
    rows = git.run("ls-files", "-v", "-z", variables=variables).stdout.split(b"\0")
    return frozenset(os.fsdecode(row[2:]) for row in rows if row[:2] in {b"S ", b"s "})


def _meant(git: Git, tree: str) -> frozenset[str]:
    """The files of a tree that the patterns of the sparse checkout name.

    They are patterns as those of ``.gitignore`` are; ``git sparse-checkout check-rules`` came with git 2.41 only.
    """
    patterns = git.text("rev-parse", "--path-format=absolute", "--git-path", "info/sparse-checkout")
    with tempfile.TemporaryDirectory(prefix="batchhook-sparse-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        git.run("read-tree", "--no-sparse-checkout", tree, variables=index)
        options = ("--cached", "--ignored", "-z", f"--exclude-from={patterns}")
        rows = git.run("ls-files", *options, variables=index).stdout.split(b"\0")
    return frozenset(map(os.fsdecode, rows))


def as_in(git: Git, tree: str, other: str, paths: Collection[str]) -> str:
    """A tree with some paths as another tree has them."""
    with tempfile.TemporaryDirectory(prefix="batchhook-sparse-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        git.run("read-tree", "--no-sparse-checkout", other, variables=index)
        rows = git.run("ls-files", "--stage", "-z", variables=index).stdout.split(b"\0")[:-1]
        theirs = {os.fsdecode(row.split(b"\t", 1)[1]): row for row in rows}
        git.run("read-tree", "--no-sparse-checkout", tree, variables=index)
        nothing = "0" * len(tree)
        gone = [os.fsencode(f"0 {nothing}\t{path}\0") for path in paths]
        back = [theirs[path] + b"\0" for path in paths if path in theirs]
        git.run("update-index", "-z", "--index-info", stdin=b"".join(gone + back), variables=index)
        return git.text("write-tree", "--missing-ok", variables=index)


def mark(git: Git, paths: Collection[str]) -> None:
    """Mark paths in the user's index as left out; those that are not in it are passed over."""
    rows = git.run("ls-files", "-z").stdout.split(b"\0") if paths else []
    known = [row for row in rows if os.fsdecode(row) in paths]
    if known:
        git.run("update-index", "-z", "--skip-worktree", "--stdin", stdin=b"".join(row + b"\0" for row in known))
