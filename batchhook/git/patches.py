"""Patches of trees, as far as they are shown."""

from __future__ import annotations

from batchhook.git.command import Git

_OPTIONS = ("-r", "-p", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules", "-M")
_PREFIXES = ("--src-prefix=a/", "--dst-prefix=b/")
_SETTINGS = ("-c", "core.quotePath=false", "-c", "core.bigFileThreshold=1m")


class _EnoughError(Exception):
    pass


def read_patch(git: Git, old: str, new: str, most: int) -> tuple[str, bool]:
    """Return the beginning of the difference of two trees, and whether there is more.

    Args:
        git: in the repository.
        old: oid of the tree before.
        new: oid of the tree after.
        most: bytes that are read.

    Raises:
        GitError: a tree does not exist.
    """
    data = b""
    try:
        with git.stream(*_SETTINGS, "diff-tree", *_OPTIONS, *_PREFIXES, old, new) as stream:
            data = stream.read(most + 1)
            _stop_at(data, most)
    except _EnoughError:
        return data[:most].decode("utf-8", "replace").rpartition("\n")[0], True
    return data.decode("utf-8", "replace"), False


def _stop_at(data: bytes, most: int) -> None:
    """End git, by leaving the block that reads from it, if there is more than is wanted."""
    if len(data) > most:
        raise _EnoughError


def read_names(git: Git, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return the first letter of what happened to each file, and its path, for pairs of trees or commits.

    Pairs of which one does not exist any more are left out.
    """
    names: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for old, new in dict.fromkeys(pairs):
        done = git.run("diff-tree", "-r", "-z", "--name-status", "--no-renames", old, new, check=False)
        if done.returncode == 0:
            fields = done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
            names[old, new] = list(zip(fields[::2], fields[1::2], strict=True))
    return names
