"""A branch's line of steps: its commits along first parents, and what was recorded between them.

A recorded change is a snapshot of the work tree, taken while HEAD was at some commit. On the line it stands after that
commit. A commit that holds nothing but what had been recorded before is no step of its own: the line has come by its
state already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace

from batchhook.core.changes import Commit

Earlier = Callable[[str], AbstractSet[str]]
"""All the names that a commit had before it was amended or rebased."""

Contents = Mapping[str, tuple[str, str]]
"""What is different in a tree: path -> mode and name of what is there."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A step that is no commit of the user's.

    Attributes:
        number: the higher, the later.
        made_on: the commit that HEAD was at; empty before the first.
        change: the snapshot, whose first parent is the step before; ``is_record`` only where it is a change, and not
            what a rollback left.
    """

    number: int
    made_on: str
    change: Commit


@dataclass(frozen=True, slots=True)
class Echo:
    """What a commit repeats.

    Attributes:
        number: of a recording that holds all that the commit does.
        whole: whether the commit holds all that the recording does, too.
    """

    number: int
    whole: bool


def woven(
    start: str,
    chain: Sequence[Commit],
    recordings: Sequence[Recording],
    earlier: Earlier,
    echoes: AbstractSet[str] = frozenset(),
) -> tuple[Commit, ...]:
    """Put commits and recordings into one line.

    Args:
        start: the commit before the first of the chain; where that is empty, the tip; empty before the first commit.
        chain: commits along first parents, oldest first.
        recordings: in order; those that were made on none of these commits are not on the line.
        earlier: names that these commits had.
        echoes: commits of the chain that hold nothing but what was recorded.

    Returns:
        the steps, oldest first.
    """
    line = _of_commit(start, recordings, earlier)
    for commit in chain:
        if commit.oid not in echoes:
            line.append(_after(line[-1] if line else None, commit))
        line += (one for one in _of_commit(commit.oid, recordings, earlier) if not line or one.tree != line[-1].tree)
    return tuple(line)


def _of_commit(oid: str, recordings: Sequence[Recording], earlier: Earlier) -> list[Commit]:
    names = {oid} | earlier(oid)
    return [one.change for one in recordings if one.made_on in names]


def _after(before: Commit | None, commit: Commit) -> Commit:
    if before is None or not before.is_record or before.oid == commit.parent:
        return commit
    return replace(commit, follows=before.oid)


def only_repeats(commit: Contents, recorded: Contents) -> bool:
    """Whether a commit holds nothing but what was recorded.

    Args:
        commit: what is different in it, seen from its first parent.
        recorded: what is different in the snapshot, seen from there.
    """
    return bool(commit) and commit.items() <= recorded.items()
