"""batchhook's refs, which keep commits from garbage collection; they point at commits, never at trees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from batchhook.git.command import Git

PREFIX = "refs/batchhook/"


def batch_base(batch: int) -> str:
    """Return the ref for a batch's base."""
    return f"{PREFIX}batches/{batch}/base"


def batch_head(batch: int) -> str:
    """Return the ref for a batch's head."""
    return f"{PREFIX}batches/{batch}/head"


def operation_before(operation: int) -> str:
    """Return the ref for everything the user had before an operation."""
    return f"{PREFIX}operations/{operation}/before"


def operation_after(operation: int) -> str:
    """Return the ref for the result of an operation."""
    return f"{PREFIX}operations/{operation}/after"


def operation_interrupted(operation: int) -> str:
    """Return the ref for the states found while an interrupted operation was being recovered."""
    return f"{PREFIX}operations/{operation}/interrupted"


def operation_stash(operation: int) -> str:
    """Return the ref for the stash entry that an operation made or restored."""
    return f"{PREFIX}operations/{operation}/stash"


def record(number: int) -> str:
    """Return the ref for a recorded change, which reaches those before it."""
    return f"{PREFIX}records/{number}"


def pin(git: Git, pins: Mapping[str, str]) -> None:
    """Create or move refs atomically.

    Raises:
        GitError: a commit does not exist, or a ref cannot be written.
    """
    lines = "".join(f"update {ref} {oid}\n" for ref, oid in pins.items() if oid)
    git.run("update-ref", "--stdin", "-m", "batchhook", stdin=lines.encode())


def replace_pin(git: Git, name: str, oid: str, other: str) -> None:
    """Create a ref to a commit that reaches what another ref pins, and delete that one, atomically.

    Raises:
        GitError: as for ``pin``.
    """
    git.run("update-ref", "--stdin", "-m", "batchhook", stdin=f"update {name} {oid}\ndelete {other}\n".encode())


def unpin(git: Git, names: Iterable[str]) -> None:
    """Delete refs atomically.

    Raises:
        GitError: a ref cannot be written.
    """
    lines = "".join(f"delete {name}\n" for name in names)
    git.run("update-ref", "--stdin", stdin=lines.encode())


def highest_number(git: Git, kind: str) -> int:
    """Return the highest pinned number, 0 for none; arguments as for ``list_pins``."""
    return max(list_pins(git, kind), default=0)


def list_pins(git: Git, kind: str) -> dict[int, tuple[str, ...]]:
    """List all pins of a kind, by their number.

    Args:
        git: in the repository.
        kind: ``batches``, ``operations`` or ``records``.
    """
    names = git.text("for-each-ref", "--format=%(refname)", f"{PREFIX}{kind}/").split()
    names_by_number: dict[int, list[str]] = {}
    for name in names:
        names_by_number.setdefault(int(name.removeprefix(PREFIX).split("/")[1]), []).append(name)
    return {number: tuple(names) for number, names in names_by_number.items()}
