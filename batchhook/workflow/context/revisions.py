"""What stands for the present state where a commit is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.changes import Commit
from batchhook.errors import BatchhookError
from batchhook.git import history
from batchhook.git.command import Git
from batchhook.git.location import read_head
from batchhook.workflow.context.project import Project


def here(project: Project) -> str:
    """The name of the commit that HEAD is at; without git, of what was recorded last.

    Raises:
        BatchhookError: nothing is committed, or recorded, yet.
    """
    if project.location.is_private:
        count = project.reconcile()
        if count is None or count.last is None:
            raise BatchhookError("nothing is recorded here yet", "batchhook record")
        return count.last.oid
    head = read_head(project.git, project.location)
    if not head.oid:
        raise BatchhookError("nothing is committed here yet", "git commit first: what is tested is what is committed")
    return head.oid


def named(project: Project, revision: str) -> str:
    """The name of the commit that a revision means; without git, HEAD is what was recorded last.

    Raises:
        BatchhookError: there is none.
    """
    if project.location.is_private and revision == "HEAD":
        return here(project)
    return history.named(project.git, revision)


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
