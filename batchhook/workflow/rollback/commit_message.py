"""The message of the commit that the user makes of what was done in the files: prepared, as ``git revert -n`` does.

What it says is derived from which operations are in effect and not committed, so it can be settled at any time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from batchhook.core.changes import Commit
from batchhook.core.operations import Kind, Operation, in_effect, roots
from batchhook.core.rollback import Entry, Mode, Selection, commit_message
from batchhook.core.sanitize import one_line
from batchhook.errors import GitError, NoSuchBatchError
from batchhook.git import history, snapshot, trees
from batchhook.git.command import Git
from batchhook.git.location import read_head
from batchhook.store import batches
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting import merge_msg


def settle(project: Project, past: Sequence[Operation]) -> None:
    """Prepare the message for what waits to be committed, or take ours away.

    Args:
        project: the repository.
        past: all operations, with how they ended.
    """
    waiting = _waiting(project, past)
    if not waiting:
        merge_msg.clear(project.location)
        return
    entries = [entry(project, each.id, each.selection, each.kind) for each in waiting]
    merge_msg.prepare(project.location, text(project, entries))


def _waiting(project: Project, past: Sequence[Operation]) -> list[Operation]:
    """Operations whose difference is staged and not committed; of those about one rollback, the latest."""
    head = read_head(project.git, project.location).oid
    effective, top = in_effect(past), os.fspath(project.location.top)
    here = [each for each in past if each.id in effective and each.top == top and each.mode is Mode.FILES]
    about_each = roots(past)
    latest = {about_each[each.id]: each for each in sorted(here, key=lambda each: each.id)}
    staged = trees.staged(project.git, head).keys()
    of = {each.id: each for each in past}
    return [each for about, each in latest.items() if staged & _uncommitted(project.git, head, each, of[about])]


def _uncommitted(git: Git, head: str, operation: Operation, about: Operation) -> set[str]:
    """Paths in which HEAD, which has not moved since, is not what the operation left in the index.

    Of an undo only those in which it had been: what it brought back that was committed all the time waits for nothing.
    What was put aside with the rollback that it is about (and is brought back) is no part of it.
    """
    after = snapshot.read(git, operation.after)
    if not head or after.head != head:
        return set()
    before = snapshot.read(git, operation.before)
    done = set(trees.differences(git, before.index, after.index))
    if about.stash:
        first, last = (snapshot.read(git, oid) for oid in (about.before, about.after))
        done &= trees.differences(git, f"{first.head}^{{tree}}", last.index).keys()
    committed = f"{head}^{{tree}}"
    found = done & trees.differences(git, committed, after.index).keys()
    return found - trees.differences(git, committed, before.index).keys() if operation.kind is Kind.UNDO else found


def entry(project: Project, number: int, selection: Selection, kind: Kind) -> Entry:
    """What an operation did, as a message tells it."""
    changes = tuple(change.oid for change in _changes(project, selection))
    return Entry(number, selection, changes, is_back=kind is Kind.UNDO)


def text(project: Project, entries: Sequence[Entry]) -> str:
    """The message of a commit that holds what these operations did."""
    known = [change for each in entries for change in _changes(project, each.selection)]
    return commit_message(entries, {change.oid: one_line(change.subject) for change in known})


def _changes(project: Project, selection: Selection) -> list[Commit]:
    found: list[Commit] = []
    for number in selection.batches:
        with contextlib.suppress(NoSuchBatchError):  # pruned meanwhile
            found += batches.get(project.database, number).changes
    if not selection.changes:
        return found
    picked = [change for change in found if change.oid in selection.changes]
    missing = [oid for oid in selection.changes if oid not in {change.oid for change in picked}]
    with contextlib.suppress(GitError):  # gone, too
        picked += history.commits(project.git, missing)
    return picked
