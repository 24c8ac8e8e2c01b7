"""The states that a search chooses from: a line of commits, each a step further than the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.changes import Commit
from batchhook.git import history
from batchhook.git.command import Git


@dataclass(frozen=True, slots=True)
class State:
    """One state.

    Attributes:
        oid: the commit; empty for the state before a repository's first one.
        tree: its tree; empty where there is no commit.
    """

    oid: str
    tree: str


def states_of(git: Git, changes: Sequence[Commit]) -> tuple[State, ...]:
    """The states before, between and after changes, oldest first.

    Where something else came between two changes (a pull), the state that it led to is one of its own: what broke
    there was broken by none of the changes.

    Args:
        git: in the repository.
        changes: oldest first; at least one.
    """
    found = [_before(git, changes[0])]
    for change in changes:
        if change.before != found[-1].oid and change.base_tree != found[-1].tree:
            found.append(_before(git, change))
        found.append(State(change.oid, change.tree))
    return tuple(found)


def _before(git: Git, change: Commit) -> State:
    if not change.before:
        return State("", "")
    (before,) = history.commits(git, [change.before])
    return State(before.oid, before.tree)
