"""Patches of trees, as far as they are shown."""

from __future__ import annotations

from batchhook.git.command import Git

_OPTIONS = ("-r", "-p", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules", "-M")
_PREFIXES = ("--src-prefix=a/", "--dst-prefix=b/")
_SETTINGS = ("-c", "core.quotePath=false", "-c", "core.bigFileThreshold=1m")


def read_patch(git: Git, old: str, new: str, most: int) -> str:
    """Return the difference of two trees, or its beginning.

    Args:
        git: in the repository.
        old: oid of the earlier tree.
        new: oid of the later one.
        most: characters, up to the end of a line.

    Raises:
        GitError: a tree does not exist.
    """
    patch = git.run(*_SETTINGS, "diff-tree", *_OPTIONS, *_PREFIXES, old, new).stdout.decode("utf-8", "replace")
    return patch if len(patch) <= most else patch[:most].rpartition("\n")[0]
