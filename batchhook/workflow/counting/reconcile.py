"""Derive the open batch from the commit graph, and seal the batches that are full.

The hooks only leave hints in the journal; the graph decides. Everything happens in one transaction, and a second call
with nothing new changes nothing. This runs inside hooks: standard library only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from batchhook.core.batch import Batch, BatchQuota, BatchStatus
from batchhook.core.commit import Commit
from batchhook.core.ledger import BatchSlice, open_changes, split_into_batches
from batchhook.core.settings import BatchUnit
from batchhook.git import history, refs
from batchhook.git.command import Git
from batchhook.git.location import Head, Location, read_head
from batchhook.lazy import LazyModule
from batchhook.store import batches, branches, journal
from batchhook.store.branches import Branch
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from batchhook.workflow.counting import arrivals, commit_map, merge_msg, moved_branches
from batchhook.workflow.counting.timeline import build_timeline

if TYPE_CHECKING:
    from batchhook.workflow.counting import rollback_commits
else:
    rollback_commits = LazyModule("batchhook.workflow.counting.rollback_commits")


@dataclass(frozen=True, slots=True)
class HookEvent:
    """The event that one of our hooks was called for.

    Attributes:
        head: HEAD as the hook read it.
        is_commit: True in post-commit: HEAD was just committed. False in post-rewrite at the end of a rebase, and in
            post-applypatch at the end of an ``am``: git runs them before it removes its folder for these.
    """

    head: Head
    is_commit: bool


@dataclass(frozen=True, slots=True)
class Count:
    """The count of one branch: its open batch, and the batches that this reconciliation sealed.

    Attributes:
        branch: full ref name, or the name of a detached HEAD.
        batch: number of the open batch, or the number that it will get with its first change.
        changes: changes of the open batch, oldest first.
        quota: size and unit of a batch.
        filled: units in the open batch.
        sealed: batch number -> units, for the batches that this call sealed.
        head: commit at the branch's tip; empty before the first commit.
        head_tree: its tree.
        last_step: the newest step of the timeline: the tip, or the newest change recorded on it; None if there is none.
        has_removed: whether changes have left the branch, which may come back.
    """

    branch: str
    batch: int
    changes: tuple[Commit, ...]
    quota: BatchQuota
    filled: int = 0
    sealed: Mapping[int, int] = field(default_factory=dict)
    head: str = ""
    head_tree: str = ""
    last_step: Commit | None = None
    has_removed: bool = False

    def as_batch(self) -> Batch:
        """Return the open batch as a ``Batch``."""
        base = self.changes[0].predecessor if self.changes else self.last_step.oid if self.last_step else ""
        return Batch(
            id=self.batch,
            branch=self.branch,
            quota=self.quota,
            status=BatchStatus.OPEN,
            base=base,
            head=self.last_step.oid if self.last_step else "",
            changes=self.changes,
            filled=self.filled,
        )


def reconcile(
    database: Database,
    git: Git,
    location: Location,
    quota: BatchQuota,
    *,
    hook: HookEvent | None = None,
) -> Count | None:
    """Bring the count of the checked-out branch up to date, and seal its full batches.

    Args:
        database: the repository's.
        git: in the work tree.
        location: of the work tree.
        quota: size and unit of a batch.
        hook: the hook that asks. Its HEAD is used unless another process has committed since; else HEAD is read.

    Returns:
        The branch's count; None during a rebase or an ``am``, where HEAD is on unfinished history.

    Raises:
        StoreError, GitError: nothing was written; the next call starts from the same point.
    """
    if location.is_rebasing and (hook is None or hook.is_commit):
        return None
    state = StateDir.for_repository(location.common_dir)
    with database.transaction():
        entries, offset = journal.read(state.journal, int(database.metadata("journal_offset", "0")))
        head = hook.head if hook and _is_latest(hook.head, entries) else read_head(git, location)
        commit_map.apply(database, location)
        moves = moved_branches.follow(database, git, location, head)
        if not head.oid and branches.find(database, head.branch) is None:
            return Count(head.branch, batches.next_id(database), (), quota)
        entries = [replace(entry, branch=moves.names.get(entry.branch, entry.branch)) for entry in entries]
        chain = read_chain(database, git, head) if head.oid else ()
        tip = _read_tip(git, head, chain)
        branch = branches.find(database, head.branch) or branches.add(
            database, head.branch, chain[0].parent if chain else head.oid, head.oid
        )
        if hook and hook.is_commit:  # another hook may have read its line already, when the branch was not known yet
            entries = [journal.CommitEntry(hook.head.branch, hook.head.oid), *entries]
        earlier_tips = _apply_journal(database, entries, branch, quota.size, moves.deleted)
        rewrites = [entry for entry in entries if isinstance(entry, journal.RewriteEntry)]
        arrivals.add_reported_rewrites(database, git, branch, head.oid, rewrites)
        database.set_metadata("journal_offset", str(offset))
        arrivals.classify(database, git, branch, chain, [oid for oid in earlier_tips if oid != head.oid])
        if any(commit.is_rollback for commit in chain) or merge_msg.read(location) is not None:
            rollback_commits.mark_rollbacks(database, git, location, chain)

        steps = build_timeline(database, git, branch, head.oid, chain)
        changes = open_changes(steps, branches.load_ledger(database, branch, [step.oid for step in steps]))
        full, rest = split_into_batches(changes, quota.size, weigh(git, changes, quota.unit))
        sealed = {_seal(database, git, branch, part, quota): part.weight for part in full}
        if rest.changes:
            number = batches.ensure_open(database, branch, quota.size)
        else:
            number = batches.find_open(database, branch) or batches.next_id(database)
        branches.update_tip(database, branch, head.oid)
    count = Count(
        branch=head.branch,
        batch=number,
        changes=rest.changes,
        quota=quota,
        filled=rest.weight,
        sealed=sealed,
        head=head.oid,
        head_tree=tip.tree if tip else "",
        last_step=steps[-1] if steps else tip,
        has_removed=bool(branches.load_removed_tips(database, branch)),
    )
    write_hook_cache(state, count)
    return count


def _is_latest(head: Head, entries: Sequence[journal.CommitEntry | journal.RewriteEntry]) -> bool:
    """Return whether a hook's HEAD is still the latest commit of its branch, going by the journal.

    It is not if another hook has written a line after ours, or has read ours already.
    """
    oids = [
        entry.oid if isinstance(entry, journal.CommitEntry) else entry.new
        for entry in entries
        if entry.branch == head.branch
    ]
    return oids[-1:] == [head.oid]


def read_chain(database: Database, git: Git, head: Head) -> tuple[Commit, ...]:
    """Read the part of the branch's first-parent history that may hold open changes, oldest first."""
    hidden = branches.list_anchors(database)
    branch = branches.find(database, head.branch)
    if branch is None or not head.branch.startswith("refs/"):  # a detached HEAD can be anywhere
        hidden |= branches.list_other_tips(database, head.branch)
    if branch is not None:
        hidden |= {branch.start, batches.read_last_head(database, branch)}
    return history.first_parent_chain(git, [head.oid], hidden)


def _read_tip(git: Git, head: Head, chain: Sequence[Commit]) -> Commit | None:
    if chain:
        return chain[-1]
    return history.read_commits(git, [head.oid])[0] if head.oid else None


def _apply_journal(
    database: Database,
    entries: Sequence[journal.CommitEntry | journal.RewriteEntry],
    current: Branch,
    size: int,
    deleted: AbstractSet[str],
) -> list[str]:
    """Store the commits that the hooks noted since the last reconciliation, of the branches that are known.

    A hook that counted the first change of a batch has printed the batch's number. So other branches than the current
    one get their number now, before one is given to the current branch.

    Returns:
        The commits that the current branch was at since the last reconciliation, oldest first.
    """
    tips = [current.tip]
    for entry in entries:
        branch = branches.find(database, entry.branch)
        if branch is None:
            continue  # its reflog has the commit, too
        if isinstance(entry, journal.CommitEntry):
            branches.add_commits(database, branch, [entry.oid], is_local=True)
            branches.update_tip(database, branch, entry.oid)
            if branch.name == current.name:
                tips.append(entry.oid)
            elif branch.name not in deleted:
                batches.ensure_open(database, branch, size)
        elif branches.filter_local(database, branch, [entry.old]):
            branches.add_commits(database, branch, [entry.new], is_local=True)
    return tips


def weigh(git: Git, changes: Sequence[Commit], unit: BatchUnit) -> dict[str, int]:
    """Return the units that each change adds to its batch, by name."""
    edits = history.count_edits(git, [change.oid for change in changes]) if unit is BatchUnit.FILE else {}
    return {change.oid: edits.get(change.oid, 1) for change in changes}


def _seal(database: Database, git: Git, branch: Branch, part: BatchSlice, quota: BatchQuota) -> int:
    number = batches.seal(database, branch, part, quota)
    # Pinned inside the transaction: no batch may exist without its pins. If we die here, a spare ref does no harm.
    refs.pin(git, {refs.batch_base(number): part.changes[0].predecessor, refs.batch_head(number): part.changes[-1].oid})
    return number


def write_hook_cache(state: StateDir, count: Count) -> None:
    """Write down where a branch stands, for the hook to go on from without Python.

    Numbers are given out with a batch's first change. Another branch's empty batch may have had this one in mind.
    """
    own = state.open_count(count.branch)
    for other in state.open_counts.rglob("*"):
        with contextlib.suppress(OSError):  # a folder, or just removed
            if other != own and other.read_text().split()[3:4] == ["0"]:
                other.unlink()
    if not count.branch.startswith("refs/"):
        return
    is_ahead = count.last_step is not None and count.last_step.tree != count.head_tree
    if is_ahead or count.quota.unit is not BatchUnit.COMMIT:  # sh cannot see what a commit duplicates, or weighs
        own.unlink(missing_ok=True)
        return
    removed = " removed" if count.has_removed else ""
    line = f"{count.head} {count.head_tree} {count.batch} {count.filled} {count.quota.size}{removed}\n"
    with contextlib.suppress(OSError):  # branch `a` where a branch `a/b` was: the next hook runs Python again
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(line)
