"""Our own refs: they keep commits from being collected, and always point at commits, never at trees."""

from __future__ import annotations

from collections.abc import Mapping

from batchhook.git.command import Git

PREFIX = "refs/batchhook/"


def batch_base(batch: int) -> str:
    """The ref that pins the state before a batch."""
    return f"{PREFIX}batches/{batch}/base"


def batch_head(batch: int) -> str:
    """The ref that pins the state after a batch."""
    return f"{PREFIX}batches/{batch}/head"


def operation_before(operation: int) -> str:
    """The ref that pins all that the user had before an operation."""
    return f"{PREFIX}operations/{operation}/before"


def operation_after(operation: int) -> str:
    """The ref that pins what an operation left behind."""
    return f"{PREFIX}operations/{operation}/after"


def pin(git: Git, pins: Mapping[str, str]) -> None:
    """Point refs at commits, all or none.

    Raises:
        GitError: a commit does not exist, or the refs cannot be written.
    """
    lines = "".join(f"update {ref} {oid}\n" for ref, oid in pins.items() if oid)
    git.run("update-ref", "--stdin", "-m", "batchhook", stdin=lines.encode())


def highest(git: Git, kind: str) -> int:
    """The highest number that is pinned; 0 where none is.

    Args:
        git: in the repository.
        kind: ``batches`` or ``operations``.
    """
    names = git.text("for-each-ref", "--format=%(refname)", f"{PREFIX}{kind}/").split()
    return max((int(name.removeprefix(PREFIX).split("/")[1]) for name in names), default=0)
