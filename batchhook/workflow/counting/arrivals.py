"""Commits that have come to a branch since the last reconciliation: made here or not, and the commits they replaced.

The hooks report most of this. The rest is derived from the reflogs, and from the content of the commits that have left
the branch. On the hook's path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from batchhook.core.commit import Commit
from batchhook.core.ledger import CommitOrigin, commit_origin
from batchhook.core.rewrites import Pairs, find_rewrites
from batchhook.git import history
from batchhook.git.command import Git
from batchhook.store import branches, journal
from batchhook.store.branches import Branch
from batchhook.store.database import Database

_MAX_REMOVED_TIPS = 8
"""Tips that were removed from a branch, and whose commits may come back, as by a cherry-pick."""
_REBASE_START = re.compile(r".*\brebase\b.*\(start\)")
_REBASE_END = re.compile(r".*\brebase\b.*\((finish|abort)\)(: returning to (?P<branch>\S+))?")


def add_reported_rewrites(
    database: Database, git: Git, branch: Branch, head: str, entries: Iterable[journal.RewriteEntry]
) -> None:
    """Store what post-rewrite reported, apart from commits that are still there.

    Git also names those that a rebase left as they are, and a commit that was added after one of them.

    Args:
        database: the repository's; in a transaction.
        git: in the work tree.
        branch: the current one.
        head: its commit.
        entries: from the journal.
    """
    pairs = [entry for entry in entries if entry.old != entry.new]
    own = [entry.old for entry in pairs if entry.branch == branch.name]
    removed = {commit.oid for commit in history.first_parent_chain(git, own, [head])} if own and head else set(own)
    branches.add_rewrites(
        database,
        [(entry.old, entry.new) for entry in pairs if entry.branch != branch.name or entry.old in removed],
    )


def classify(
    database: Database, git: Git, branch: Branch, chain: Sequence[Commit], earlier_tips: Iterable[str]
) -> None:
    """Store which commits of a branch were made here, and which of them replaced others.

    Args:
        database: the repository's; in a transaction.
        git: in the work tree.
        branch: as the last reconciliation left it.
        chain: its commits that may count, oldest first.
        earlier_tips: commits that it was at since then.
    """
    tip = chain[-1].oid if chain else ""
    tips = [oid for oid in dict.fromkeys([*branches.load_removed_tips(database, branch), *earlier_tips]) if oid]
    if not chain:
        branches.save_removed_tips(database, branch, tips[-_MAX_REMOVED_TIPS:])
        return
    oids = [commit.oid for commit in chain]
    known = branches.find_commits(database, branch, oids)
    unreported = [oid for oid in oids if oid not in known]
    removed = _read_removed(database, git, branch, tip, tips)
    if unreported or removed:
        origins = _read_origins(git, branch)
        branches.add_commits(database, branch, unreported, is_local=False)
        branches.add_commits(database, branch, _find_local(database, branch, unreported, origins), is_local=True)
        arrived = chain[oids.index(branch.tip) + 1 :] if branch.tip in oids else chain
        if removed and arrived:
            pairs = find_rewrites(
                arrived, removed, origins, partial(history.patch_ids, git), _unavailable(database, branch, removed)
            )
            _add_pairs(database, branch, pairs, arrived)
        removed = [line for line in removed if _may_return(database, branch, line, chain, origins)]
    branches.save_removed_tips(database, branch, [line[-1].oid for line in removed][-_MAX_REMOVED_TIPS:])


def _read_removed(
    database: Database, git: Git, branch: Branch, tip: str, tips: Sequence[str]
) -> list[tuple[Commit, ...]]:
    """Read the lines from earlier tips that are not part of a branch any more."""
    earlier = [oid for oid in tips if oid != tip]
    if not earlier:
        return []
    hidden = [tip, branch.start, *branches.list_anchors(database)]
    gone = {commit.oid: commit for commit in history.first_parent_chain(git, earlier, hidden)}
    inner = {gone[oid].parent for oid in gone}
    lines = []
    for oid in earlier:
        line: list[Commit] = []
        while oid in gone and not (oid in inner and not line):
            line.append(gone[oid])
            oid = gone[oid].parent  # noqa: PLW2901 - down the line
        if line:
            lines.append(tuple(reversed(line)))
    return lines


def _find_local(
    database: Database, branch: Branch, oids: Sequence[str], origins: Mapping[str, CommitOrigin]
) -> list[str]:
    """Return the commits that were made on a branch, by their reflog or because they replaced one that was."""
    ledger = branches.load_ledger(database, branch, oids)
    former = {oid: ledger.former_oids(oid) for oid in oids}
    local = branches.filter_local(database, branch, frozenset().union(*former.values()))
    return [oid for oid in oids if origins.get(oid, CommitOrigin.EXISTING).is_local or former[oid] & local]


def _unavailable(database: Database, branch: Branch, removed: Iterable[Sequence[Commit]]) -> frozenset[str]:
    """Return the commits that were not made on a branch, or have been replaced already."""
    gone = frozenset(commit.oid for line in removed for commit in line)
    return (gone - branches.filter_local(database, branch, gone)) | branches.filter_replaced(database, gone)


def _add_pairs(database: Database, branch: Branch, pairs: Pairs, arrived: Sequence[Commit]) -> None:
    """Store what replaced a commit that was made on a branch, unless a hook has reported it."""
    local = branches.filter_local(database, branch, {old for old, _ in pairs})
    reported = branches.load_ledger(database, branch, [commit.oid for commit in arrived]).rewrites.keys()
    pairs = frozenset((old, new) for old, new in pairs if old in local and new not in reported)
    branches.add_rewrites(database, pairs)
    branches.add_commits(database, branch, {new for _, new in pairs}, is_local=True)


def _may_return(
    database: Database,
    branch: Branch,
    line: Sequence[Commit],
    chain: Sequence[Commit],
    origins: Mapping[str, CommitOrigin],
) -> bool:
    """Return whether a line that is gone holds changes that nothing has replaced yet."""
    oids = {commit.oid for commit in line if not commit.is_empty}
    left = branches.filter_local(database, branch, oids) - branches.filter_replaced(database, oids)
    if left != {line[-1].oid}:
        return bool(left)
    parent = line[-1].parent
    return not any(origins.get(each.oid) is CommitOrigin.AMENDED and each.parent == parent for each in chain)


def _read_origins(git: Git, branch: Branch) -> dict[str, CommitOrigin]:
    """Read from the reflogs of the branch and of HEAD how commits came to be; only HEAD's has the steps of a rebase."""
    head = history.reflog(git, "HEAD")
    if not branch.name.startswith("refs/"):
        return {oid: commit_origin(message) for oid, message in head}
    own = {oid: commit_origin(message) for oid, message in history.reflog(git, branch.name)}
    created = {oid: origin for oid, origin in own.items() if origin is not CommitOrigin.EXISTING}
    return _rebased_origins(head, branch.name) | created


def _rebased_origins(entries: Sequence[tuple[str, str]], branch: str) -> dict[str, CommitOrigin]:
    """Return the origins of the commits that were made in the course of a branch's rebases.

    Args:
        entries: HEAD's reflog, newest first.
        branch: full ref name.
    """
    origins: dict[str, CommitOrigin] = {}
    is_own = False
    for oid, message in entries:
        origin = commit_origin(message)
        end = _REBASE_END.match(message)
        if end is not None:
            is_own = end["branch"] == branch
        elif _REBASE_START.match(message):
            is_own = False
        elif origin is CommitOrigin.REBASED or (is_own and origin is CommitOrigin.AMENDED):
            origins[oid] = CommitOrigin.REBASED
        elif is_own and origin.is_local:
            origins[oid] = origin
    return origins
