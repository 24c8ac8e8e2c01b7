"""Bringing the count up to the commit graph: what the hooks hinted at is looked up, full batches are sealed.

Everything happens in one transaction, and a second call with nothing new changes nothing. This runs inside hooks, so
standard library only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from batchhook.core.changes import Batch, BatchStatus, Commit, Fill
from batchhook.core.ledger import Birth, Part, birth, cut, open_changes, replaced_by, same_tree, same_writing
from batchhook.core.settings import Unit
from batchhook.git import history, refs
from batchhook.git.command import Git
from batchhook.git.location import Location, read_head
from batchhook.lazy import Late
from batchhook.store import batches, branches, journal
from batchhook.store.branches import Branch
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from batchhook.workflow.counting import merge_msg
from batchhook.workflow.counting.timeline import line_of

if TYPE_CHECKING:
    from batchhook.workflow.counting import rollback_commits
else:
    rollback_commits = Late("batchhook.workflow.counting.rollback_commits")


@dataclass(frozen=True, slots=True)
class Count:
    """Where a branch's open batch stands.

    Attributes:
        branch: full ref name, or the name of a detached HEAD.
        batch: the number that the open batch has, or will have with its first change.
        changes: those in it, oldest first.
        fill: what fills it.
        filled: how much is in it.
        sealed: how much is in the batches that this call found full, by their numbers.
        head: the commit at the branch's tip; empty before the first.
        head_tree: its tree.
        last: the last step of the branch's line: that commit, or what was recorded after it; None before the first.
    """

    branch: str
    batch: int
    changes: tuple[Commit, ...]
    fill: Fill
    filled: int = 0
    sealed: Mapping[int, int] = field(default_factory=dict)
    head: str = ""
    head_tree: str = ""
    last: Commit | None = None

    def as_batch(self) -> Batch:
        """The open batch, with its changes."""
        base = self.changes[0].before if self.changes else self.last.oid if self.last else ""
        return Batch(
            id=self.batch,
            branch=self.branch,
            fill=self.fill,
            status=BatchStatus.OPEN,
            base=base,
            head=self.last.oid if self.last else "",
            changes=self.changes,
            filled=self.filled,
        )


def reconcile(
    database: Database,
    git: Git,
    location: Location,
    fill: Fill,
    *,
    rebase_has_ended: bool = False,
) -> Count | None:
    """Derive the open batch of the branch that HEAD is on; seal what is full.

    Args:
        database: of the repository.
        git: in the work tree.
        location: of the work tree.
        fill: what fills a batch.
        rebase_has_ended: git's folder for the rebase is still there when it runs the post-rewrite hook.

    Returns:
        where the branch stands; nothing while a rebase or an am is under way, for then it stands nowhere.

    Raises:
        StoreError, GitError: nothing was written; the next call finds the same.
    """
    if location.is_rebasing and not rebase_has_ended:
        return None
    head = read_head(git, location)
    state = StateDir.of(location.common_dir)
    with database.transaction():
        if not head.oid and branches.find(database, head.branch) is None:
            return Count(head.branch, batches.next_id(database), (), fill)
        tip = history.commits(git, [head.oid])[0] if head.oid else None
        news = _journal(database, state)
        chain = _chain(database, git, head.branch, head.oid) if tip else ()
        branch = _branch(database, head.branch, head.oid, chain)
        stood = _learn(database, news, head.branch, fill.size)
        _recognise(database, git, branch, chain, stood[branch.name])
        _note_rollbacks(database, git, location, chain)
        line = line_of(database, git, branch, head.oid, chain)
        changes = open_changes(line, branches.ledger(database, branch, [step.oid for step in line]))
        full, rest = cut(changes, fill.size, _weights(git, changes, fill.unit))
        sealed = {_seal(database, git, branch, part, fill): part.weight for part in full}
        batch = batches.ensure_open(database, branch, fill.size) if rest.changes else _number(database, branch)
        branches.move_tip(database, branch, head.oid)
    last, head_tree = line[-1] if line else tip, tip.tree if tip else ""
    count = Count(head.branch, batch, rest.changes, fill, rest.weight, sealed, head.oid, head_tree, last)
    remember(state, count)
    return count


def _note_rollbacks(database: Database, git: Git, location: Location, chain: Sequence[Commit]) -> None:
    """Note which commits hold just what was rolled back: they fill no batch."""
    if any(commit.is_rollback for commit in chain) or merge_msg.read(location) is not None:
        rollback_commits.note(database, git, location, chain)


def _weights(git: Git, changes: Sequence[Commit], unit: Unit) -> dict[str, int]:
    """How much each change adds to its batch, by name."""
    edits = history.edits(git, [change.oid for change in changes]) if unit is Unit.FILE else {}
    return {change.oid: edits.get(change.oid, 1) for change in changes}


def _journal(database: Database, state: StateDir) -> Sequence[journal.Committed | journal.Rewritten]:
    """What the hooks wrote down since the last time."""
    entries, offset = journal.read(state.journal, int(database.fact("journal_offset", "0")))
    database.set_fact("journal_offset", str(offset))
    return entries


def _chain(database: Database, git: Git, name: str, tip: str) -> tuple[Commit, ...]:
    """The part of a branch's history that may hold open changes."""
    hide = branches.anchors(database)
    branch = branches.find(database, name)
    if branch is None or not name.startswith("refs/"):  # a detached HEAD may be anywhere
        hide |= branches.others(database, name)
    if branch is not None:
        hide |= {branch.start, batches.last_head(database, branch)}
    return history.first_parent_chain(git, [tip], hide)


def _branch(database: Database, name: str, tip: str, chain: Sequence[Commit]) -> Branch:
    start = chain[0].parent if chain else tip
    return branches.find(database, name) or branches.add(database, name, start, tip)


def _learn(
    database: Database,
    news: Sequence[journal.Committed | journal.Rewritten],
    here: str,
    size: int,
) -> dict[str, set[str]]:
    """Take in what the hooks wrote down about branches that are known.

    A hook that counted the first change of a batch has told its user the batch's number: other branches than the one
    that is looked at (``here``) get theirs now, before any is given to it.

    Returns:
        where each branch stood at some time since it was last looked at, by its name.
    """
    stood = {branch.name: {branch.tip} for branch in branches.all_of(database)}
    for entry in news:
        branch = branches.find(database, entry.branch)
        if branch is None:
            continue  # its reflog will tell
        if isinstance(entry, journal.Committed):
            branches.meet(database, branch, [entry.oid], made_here=True)
            branches.move_tip(database, branch, entry.oid)
            stood[branch.name].add(entry.oid)
            if branch.name != here:
                batches.ensure_open(database, branch, size)
        else:
            branches.add_rewrites(database, [(entry.old, entry.new)])
            if branches.met(database, branch, [entry.old]).get(entry.old):
                branches.meet(database, branch, [entry.new], made_here=True)
    return stood


def _recognise(database: Database, git: Git, branch: Branch, chain: Sequence[Commit], before: set[str]) -> None:
    """Find out about commits of which no hook told: whether they were made here, and whose place they took.

    ``before`` is where the branch stood at earlier times, as far as known.
    """
    if not chain:
        return
    known = branches.met(database, branch, [commit.oid for commit in chain])
    gone = history.first_parent_chain(git, before - {chain[-1].oid}, [chain[-1].oid, branch.start])
    strangers = [commit for commit in chain if commit.oid not in known]
    if not strangers and not gone:
        return
    births = _births(git, branch)
    made = [commit.oid for commit in strangers if births.get(commit.oid) is Birth.MADE]
    branches.meet(database, branch, [commit.oid for commit in strangers], made_here=False)
    branches.meet(database, branch, made, made_here=True)

    mine = branches.met(database, branch, [commit.oid for commit in gone])
    candidates = [commit for commit in gone if mine.get(commit.oid)]
    amended = [commit for commit in chain if births.get(commit.oid) is Birth.AMENDED]
    rebased = [commit for commit in chain if births.get(commit.oid) is Birth.REBASED]
    found = replaced_by(amended, candidates, [same_tree])
    found |= replaced_by(rebased, candidates, [same_tree, partial(history.patch_ids, git), same_writing])
    branches.add_rewrites(database, [(old, new) for new, old in found.items()])
    branches.meet(database, branch, found, made_here=True)


def _births(git: Git, branch: Branch) -> dict[str, Birth]:
    """How commits came, by the reflogs of the branch and of HEAD (which alone sees the steps of a rebase)."""
    head = {oid: birth(said) for oid, said in history.reflog(git, "HEAD").items()}
    if not branch.name.startswith("refs/"):
        return head
    own = {oid: birth(said) for oid, said in history.reflog(git, branch.name).items()}
    rebased = {oid: how for oid, how in head.items() if how is Birth.REBASED}
    return rebased | {oid: how for oid, how in own.items() if how is not Birth.MOVED}


def _seal(database: Database, git: Git, branch: Branch, part: Part, fill: Fill) -> int:
    number = batches.seal(database, branch, part, fill)
    # Inside the transaction: a batch without its pins is no batch. A ref too many, should we die here, is harmless.
    refs.pin(git, {refs.batch_base(number): part.changes[0].before, refs.batch_head(number): part.changes[-1].oid})
    return number


def _number(database: Database, branch: Branch) -> int:
    return batches.open_id(database, branch) or batches.next_id(database)


def remember(state: StateDir, count: Count) -> None:
    """Write down where a branch stands, for the hook to go on from without Python.

    Numbers are given out with a batch's first change. Another branch's empty batch may have had this one in mind.
    """
    own = state.count(count.branch)
    for other in state.counts.rglob("*"):
        with contextlib.suppress(OSError):  # a folder, or gone meanwhile
            if other != own and other.read_text().split()[3:4] == ["0"]:
                other.unlink()
    if not count.branch.startswith("refs/"):
        return
    is_ahead = count.last is not None and count.last.tree != count.head_tree
    if is_ahead or count.fill.unit is not Unit.COMMIT:  # what a commit repeats, or weighs, is nothing for sh to see
        own.unlink(missing_ok=True)
        return
    line = f"{count.head} {count.head_tree} {count.batch} {count.filled} {count.fill.size}\n"
    with contextlib.suppress(OSError):  # a branch `a` where a branch `a/b` was: the next hook asks Python again
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(line)
