"""Branches that were renamed, recreated or deleted since the last reconciliation: their batches follow them.

Git runs no hook for any of this. On the hook's path: other branches cost a git process only if one with an open batch
has no ref file of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batchhook.git import history
from batchhook.git.command import Git
from batchhook.git.location import Head, Location
from batchhook.store import batches, branches
from batchhook.store.branches import Branch
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir

_HEADS = "refs/heads/"
_RENAMED = re.compile(r"Branch: renamed (?P<old>refs/heads/\S+) to (?P<new>refs/heads/\S+)")


@dataclass(frozen=True, slots=True)
class Moves:
    """Branches that are not what they were when they were last reconciled.

    Attributes:
        names: the new name of each branch that was renamed, by its former one.
        deleted: names of branches that do not exist any more.
    """

    names: Mapping[str, str]
    deleted: frozenset[str]


def follow(database: Database, git: Git, location: Location, head: Head) -> Moves:
    """Let batches follow renamed branches, and close the open batches of branches that do not exist any more.

    Args:
        database: the repository's; in a transaction.
        git: in the work tree.
        location: of the work tree.
        head: of the work tree.
    """
    current = branches.find(database, head.branch)
    missing = _find_missing(database, git, location, head.branch)
    is_moved = current is None or _is_recreated(location, current)
    names: dict[str, str] = {}
    if head.branch.startswith(_HEADS) and (is_moved or any(each.name.startswith(_HEADS) for each in missing)):
        for old, new in _find_renames(database, git, location).items():
            _rename(database, location, old, new)
            names[old] = new
    if current is None and head.branch.startswith(_HEADS) and head.branch not in names.values():
        former = _find_unborn(missing) or _find_detached(database, git, location, head)
        if former is not None:
            branches.rename(database, former.name, head.branch)
            names[former.name] = head.branch
    deleted = [branch for branch in missing if branch.name not in names]
    for branch in deleted:
        _close(database, location, branch)
    return Moves(names, frozenset(branch.name for branch in deleted))


def _find_missing(database: Database, git: Git, location: Location, current: str) -> list[Branch]:
    """Return the branches and detached HEADs with an open batch that do not exist any more, except the current one."""
    absent = [branch for branch in branches.list_with_open_batch(database) if branch.name != current]
    absent = [branch for branch in absent if not _has_file(location, branch.name)]
    if not any(branch.name.startswith(_HEADS) for branch in absent):
        return absent
    refs = set(git.text("for-each-ref", "--format=%(refname)", _HEADS).splitlines())
    return [branch for branch in absent if branch.name not in refs]


def _has_file(location: Location, branch: str) -> bool:
    """Return whether a branch has a ref file, or the work tree of a detached HEAD still exists."""
    if branch.startswith("refs/"):
        return (location.common_dir / branch).is_file()
    _, _, name = branch.partition("@")
    return not name or (location.common_dir / "worktrees" / name).is_dir()


def _is_recreated(location: Location, branch: Branch) -> bool:
    """Return whether a branch of this name has a reflog, and was never at the commit that the known branch was at."""
    try:
        return branch.tip.encode() not in (location.common_dir / "logs" / branch.name).read_bytes()
    except OSError:
        return False


def _find_renames(database: Database, git: Git, location: Location) -> dict[str, str]:
    """Return the known branches that have another name now, by the names that they are known under."""
    options = ("--branches", "--grep-reflog=^Branch: renamed ", "--format=tformat:%H%x00%gs", "--no-show-signature")
    done = git.run("log", "-g", "-z", *options, check=False)  # fails without a branch
    fields = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    renames: dict[str, str] = {}
    latest: dict[str, str] = {}
    for oid, message in zip(fields[::2], fields[1::2], strict=False):  # of each branch, the newest first
        match = _RENAMED.fullmatch(message)
        if match is None:
            continue
        new = latest.get(match["new"], match["new"])
        latest[match["old"]] = new
        branch = branches.find(database, match["old"])
        if branch is None or branch.name in {new, *renames} or not _is_gone(git, location, branch):
            continue
        if not branch.tip or history.is_ancestor(git, branch.tip, oid) or history.is_ancestor(git, branch.tip, new):
            renames[branch.name] = new
    return renames


def _is_gone(git: Git, location: Location, branch: Branch) -> bool:
    """Return whether no branch of this name exists, or one that was created since."""
    is_present = _has_file(location, branch.name) or git.succeeds("show-ref", "--verify", "--quiet", branch.name)
    return not is_present or _is_recreated(location, branch)


def _rename(database: Database, location: Location, old: str, new: str) -> None:
    """Rename a known branch; one that had the name before was deleted or overwritten."""
    replaced = branches.find(database, new)
    if replaced is not None:
        _close(database, location, replaced)
        branches.retire(database, replaced)
    branches.rename(database, old, new)
    StateDir.for_repository(location.common_dir).open_count(old).unlink(missing_ok=True)


def _find_unborn(missing: Iterable[Branch]) -> Branch | None:
    """Return the branch with recorded changes that was renamed before its first commit; no reflog knows of that."""
    return next((branch for branch in missing if branch.name.startswith(_HEADS) and not branch.tip), None)


def _find_detached(database: Database, git: Git, location: Location, head: Head) -> Branch | None:
    """Return the detached HEAD of this work tree, if it has an open batch and the current branch was created there."""
    detached = branches.find(database, location.detached_label)
    if detached is None or batches.find_open(database, detached) is None:
        return None
    return detached if history.is_ancestor(git, detached.tip, head.oid) else None


def _close(database: Database, location: Location, branch: Branch) -> None:
    """Close the open batch of a branch that does not exist any more; it would get another one if it came back."""
    batches.close_open(database, branch)
    StateDir.for_repository(location.common_dir).open_count(branch.name).unlink(missing_ok=True)
