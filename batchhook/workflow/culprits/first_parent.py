"""Lines of history to search in: commits along first parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batchhook.core.changes import Commit
from batchhook.git import history
from batchhook.git.command import Git
from batchhook.workflow.context.revisions import State, states_of


@dataclass(frozen=True, slots=True)
class Line:
    """Commits in a row, each the first parent of the next.

    Attributes:
        states: the one before the first of them, then one for each.
        commits: these, by name.
        hidden: commits without whose history the line is.
    """

    states: tuple[State, ...]
    commits: Mapping[str, Commit]
    hidden: tuple[str, ...]


def line_to(git: Git, tip: str, hidden: Sequence[str]) -> Line | None:
    """The line that ends in a commit, without what others reach; None where they reach the commit itself."""
    chain = history.first_parent_chain(git, [tip], hidden)
    if not chain:
        return None
    return Line(states_of(git, chain), {commit.oid: commit for commit in chain}, tuple(hidden))
