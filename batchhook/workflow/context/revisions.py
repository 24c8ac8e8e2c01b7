"""Revisions: commits with their trees, resolved from names, from a batch, or from a range of history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batchhook.core.batch import Batch
from batchhook.core.commit import Commit
from batchhook.errors import BatchhookError
from batchhook.git import history
from batchhook.git.command import Git
from batchhook.git.location import read_head
from batchhook.store import batches, branches
from batchhook.workflow.context.project import Project

MAX_UNCOUNTED = 1000
"""Commits between two changes that a culprit search considers, at most: the newest."""


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

    Where other commits came between two changes (a pull), each of them is a revision of its own: no change is to blame
    for what broke there.

    Args:
        git: in the repository.
        changes: at least one, oldest first.
    """
    revisions = [_base_revision(git, changes[0])]
    for change in changes:
        if change.predecessor != revisions[-1].oid and change.base_tree != revisions[-1].tree:
            revisions.extend(_revisions_between(git, revisions[-1], change))
        revisions.append(Revision(change.oid, change.tree))
    return tuple(revisions)


def search_revisions(project: Project, batch: Batch) -> tuple[Revision, ...]:
    """Return the revisions of a batch's culprit search: its own, and all since the branch's last sealed batch.

    A commit that no batch counted may have broken a test, too. The first revision is the head of the last sealed batch,
    or the commit that the branch was created from.
    """
    revisions = batch_revisions(project.git, batch.changes)
    chain = _uncounted_before(project, batch)
    if not chain:
        return revisions
    return (*batch_revisions(project.git, chain), *revisions[1:])


def _uncounted_before(project: Project, batch: Batch) -> Sequence[Commit]:
    """Return the commits between the last sealed batch and the first change of this one, oldest first."""
    database, tip = project.database, batch.changes[0].predecessor
    branch = branches.find(database, batch.branch)
    if branch is None or not tip:
        return ()
    previous = batches.read_last_head(database, branch, before=batch.id)
    hidden = {*branches.list_anchors(database), branch.start, previous}
    if not batch.branch.startswith("refs/"):  # a detached HEAD can be anywhere
        hidden |= branches.list_other_tips(database, batch.branch)
    chain = history.first_parent_chain(project.git, [tip], hidden)[-MAX_UNCOUNTED:]
    ledger = branches.load_ledger(database, branch, [commit.oid for commit in chain])
    sealed = [index for index, commit in enumerate(chain) if ledger.is_sealed(commit.oid)]
    if sealed:
        return chain[sealed[-1] + 1 :]
    if chain and previous not in {"", chain[0].parent} and history.is_ancestor(project.git, previous, tip):
        # Below a merge of the last batch's head, the commits do not contain that batch's changes.
        merges = [index for index, commit in enumerate(chain) if len(commit.parents) > 1]
        return chain[merges[-1] + 1 :] if merges else ()
    return chain


def _revisions_between(git: Git, earlier: Revision, change: Commit) -> list[Revision]:
    """Return the revisions after an earlier one, up to the base of a change.

    Only the last one if history does not lead straight from one to the other, as where a merge brought the earlier one
    back: what lies between does not contain it.
    """
    chain = history.first_parent_chain(git, [change.predecessor], [earlier.oid]) if earlier.oid else ()
    if not chain or chain[0].parent != earlier.oid:
        return [_base_revision(git, change)]
    return [Revision(commit.oid, commit.tree) for commit in chain[-MAX_UNCOUNTED:]]


def _base_revision(git: Git, change: Commit) -> Revision:
    if not change.predecessor:
        return Revision("", "")
    (base,) = history.read_commits(git, [change.predecessor])
    return Revision(base.oid, base.tree)
