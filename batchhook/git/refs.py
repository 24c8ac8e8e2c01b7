"""Our own refs: they keep commits from being collected, and always point at commits, never at trees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


def operation_found(operation: int) -> str:
    """The ref that pins what an operation that was interrupted had left, and what came of it until it was ended."""
    return f"{PREFIX}operations/{operation}/found"


def operation_stash(operation: int) -> str:
    """The ref that pins what an operation put aside, or took back from there."""
    return f"{PREFIX}operations/{operation}/stash"


def record(number: int) -> str:
    """The ref that pins a recorded change, with those before it."""
    return f"{PREFIX}records/{number}"


def pin(git: Git, pins: Mapping[str, str]) -> None:
    """Point refs at commits, all or none.

    Raises:
        GitError: a commit does not exist, or the refs cannot be written.
    """
    lines = "".join(f"update {ref} {oid}\n" for ref, oid in pins.items() if oid)
    git.run("update-ref", "--stdin", "-m", "batchhook", stdin=lines.encode())


def pin_instead(git: Git, name: str, oid: str, other: str) -> None:
    """Point a ref of ours at a commit that reaches what another one pins, and take that one away; both or none.

    Raises:
        GitError: as for ``pin``.
    """
    git.run("update-ref", "--stdin", "-m", "batchhook", stdin=f"update {name} {oid}\ndelete {other}\n".encode())


def unpin(git: Git, names: Iterable[str]) -> None:
    """Take refs of ours away, all or none.

    Raises:
        GitError: the refs cannot be written.
    """
    lines = "".join(f"delete {name}\n" for name in names)
    git.run("update-ref", "--stdin", stdin=lines.encode())


def highest(git: Git, kind: str) -> int:
    """The highest number that is pinned; 0 where none is; arguments as for ``pinned``."""
    return max(pinned(git, kind), default=0)


def pinned(git: Git, kind: str) -> dict[int, tuple[str, ...]]:
    """Names of all pins, by the number that they are of.

    Args:
        git: in the repository.
        kind: ``batches``, ``operations`` or ``records``.
    """
    names = git.text("for-each-ref", "--format=%(refname)", f"{PREFIX}{kind}/").split()
    found: dict[int, list[str]] = {}
    for name in names:
        found.setdefault(int(name.removeprefix(PREFIX).split("/")[1]), []).append(name)
    return {number: tuple(these) for number, these in found.items()}
