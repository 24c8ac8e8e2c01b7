"""Revisions: commits with their trees, resolved from names, from a batch, or from a range of history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batchhook.core.commit import Commit
from batchhook.errors import BatchhookError
from batchhook.git import history
from batchhook.git.command import Git
from batchhook.git.location import read_head
from batchhook.workflow.context.project import Project


def head_oid(project: Project) -> str:
    """Return the oid of the commit at HEAD; in a shadow repository, that of the last recorded change.

    Raises:
        BatchhookError: nothing is committed (recorded) yet.
    """
    if project.location.is_shadow:
        count = project.reconcile()
        if count is None or count.last_step is None:
            raise BatchhookError("nothing is recorded here yet", "batchhook record")
        return count.last_step.oid
    head = read_head(project.git, project.location)
    if not head.oid:
        raise BatchhookError("nothing is committed here yet", "git commit first: batchhook tests what is committed")
    return head.oid


def resolve_revision(project: Project, revision: str) -> str:
    """Return the oid of the commit that a revision names; HEAD as for ``head_oid``.

    Raises:
        BatchhookError: it names no commit.
    """
    if project.location.is_shadow and revision == "HEAD":
        return head_oid(project)
    return history.resolve_commit(project.git, revision)


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit and its tree; both empty for the time before a repository's first commit."""

    oid: str
    tree: str


@dataclass(frozen=True, slots=True)
class CommitRange:
    """Commits along first parents.

    Attributes:
        revisions: the base of the first commit, then each commit, oldest first.
        commits: the commits, by oid.
        excluded: oids of the commits whose history is not part of the range.
    """

    revisions: tuple[Revision, ...]
    commits: Mapping[str, Commit]
    excluded: tuple[str, ...]


def first_parent_range(git: Git, tip: str, excluded: Sequence[str]) -> CommitRange | None:
    """Return the commits from ``tip`` along first parents, without what ``excluded`` reaches; None if that is all."""
    chain = history.first_parent_chain(git, [tip], excluded)
    if not chain:
        return None
    return CommitRange(batch_revisions(git, chain), {commit.oid: commit for commit in chain}, tuple(excluded))


def batch_revisions(git: Git, changes: Sequence[Commit]) -> tuple[Revision, ...]:
    """Return the revisions before, between and after changes, oldest first.

    Where something else came between two changes (a pull), the revision it led to is one of its own: no change is to
    blame for what broke there.

    Args:
        git: in the repository.
        changes: at least one, oldest first.
    """
    revisions = [_base_revision(git, changes[0])]
    for change in changes:
        if change.predecessor != revisions[-1].oid and change.base_tree != revisions[-1].tree:
            revisions.append(_base_revision(git, change))
        revisions.append(Revision(change.oid, change.tree))
    return tuple(revisions)


def _base_revision(git: Git, change: Commit) -> Revision:
    if not change.predecessor:
        return Revision("", "")
    (base,) = history.read_commits(git, [change.predecessor])
    return Revision(base.oid, base.tree)
