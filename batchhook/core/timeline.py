"""Timeline of a branch: its commits along first parents, merged with the changes recorded between them.

A recorded change is a snapshot of the work tree, taken while HEAD was at some commit; on the timeline it follows that
commit. A commit that only holds what was recorded before is not a step of its own, since the timeline has already
passed through its content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace

from batchhook.core.commit import Commit

FormerOids = Callable[[str], AbstractSet[str]]
"""Return the oids that a commit had before it was amended or rebased."""

TreeChanges = Mapping[str, tuple[str, str]]
"""Changed entries of a tree: path to git mode and blob oid."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A snapshot on the timeline: a recorded change, or the result of a rollback.

    Attributes:
        number: ascending in time.
        head: oid of HEAD at that time; empty before the first commit.
        change: the snapshot, whose first parent is the step before it; ``is_recorded`` is False for a rollback.
    """

    number: int
    head: str
    change: Commit


@dataclass(frozen=True, slots=True)
class DuplicateCommit:
    """A commit that adds nothing to what was recorded.

    Attributes:
        recording: number of a recording that contains the whole commit.
        is_exact: whether the commit also contains the whole recording.
    """

    recording: int
    is_exact: bool


def merge_timeline(
    start: str,
    chain: Sequence[Commit],
    recordings: Sequence[Recording],
    former_oids: FormerOids,
    duplicates: AbstractSet[str] = frozenset(),
) -> tuple[Commit, ...]:
    """Merge commits and recordings into one timeline.

    Args:
        start: oid of the commit before the chain; the tip if the chain is empty; empty before the first commit.
        chain: commits along first parents, oldest first.
        recordings: in order; those made on none of these commits are not on the timeline.
        former_oids: of the commits in the chain.
        duplicates: oids of commits in the chain that add nothing to what was recorded.

    Returns:
        the steps, oldest first.
    """
    steps = _recorded_on(start, recordings, former_oids)
    for commit in chain:
        if commit.oid not in duplicates:
            steps.append(_follow(steps[-1] if steps else None, commit))
        for change in _recorded_on(commit.oid, recordings, former_oids):
            if not steps or change.tree != steps[-1].tree:
                steps.append(change)
    return tuple(steps)


def _recorded_on(oid: str, recordings: Sequence[Recording], former_oids: FormerOids) -> list[Commit]:
    oids = {oid} | former_oids(oid)
    return [recording.change for recording in recordings if recording.head in oids]


def _follow(previous: Commit | None, commit: Commit) -> Commit:
    if previous is None or not previous.is_recorded or previous.oid == commit.parent:
        return commit
    return replace(commit, preceding_record=previous.oid)


def is_duplicate(commit: TreeChanges, recorded: TreeChanges) -> bool:
    """Return whether a commit adds nothing to a recording.

    Args:
        commit: changes of the commit, relative to its first parent.
        recorded: changes of the snapshot, relative to the same parent.
    """
    return bool(commit) and commit.items() <= recorded.items()
