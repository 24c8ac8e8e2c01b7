"""Recording: a snapshot of the work tree becomes a change, without a commit of the user's."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from batchhook.core.change_titles import BlobChange, change_title
from batchhook.core.commit import Commit, FileEdit
from batchhook.core.paths import is_within
from batchhook.core.sanitize import one_line
from batchhook.core.timeline import Recording, is_duplicate
from batchhook.errors import ConflictError, UsageError
from batchhook.git import history, refs, shadow_index, snapshot, trees, untracked
from batchhook.git.location import Head, read_head
from batchhook.git.untracked import Omissions
from batchhook.lazy import LazyModule
from batchhook.store import branches, locks, recordings
from batchhook.store.branches import Branch
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting.reconcile import Count

if TYPE_CHECKING:
    from batchhook.git import backends, object_db
else:
    backends = LazyModule("batchhook.git.backends")
    object_db = LazyModule("batchhook.git.object_db")

_SNAPSHOT_ATTEMPTS = 10
_RETRY_DELAY = 0.1
"""Seconds; editors run git commands that take its lock for a moment, again and again."""


@dataclass(frozen=True, slots=True)
class RecordResult:
    """The result of recording.

    Attributes:
        change: the new change; None if nothing had changed.
        edits: the files that it touched, by path.
        count: the branch's count after it.
        untouched: the requested paths in which nothing had changed.
        omitted: untracked files that are too large for a snapshot -> bytes.
    """

    change: Commit | None
    edits: tuple[FileEdit, ...]
    count: Count
    untouched: tuple[str, ...] = ()
    omitted: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def summary(self) -> str:
        """Return the count in words."""
        return summarize_count(self.count)


def summarize_count(count: Count) -> str:
    """Return a count in words: ``batch 1 is full (5/5), its tests run; batch 2, 1/5``."""
    full = [
        f"batch {number} is full ({count.quota.format_progress(filled)}), its tests run"
        for number, filled in count.sealed.items()
    ]
    still_open = (
        [] if full and not count.changes else [f"batch {count.batch}, {count.quota.format_progress(count.filled)}"]
    )
    return "; ".join([*full, *still_open])


def record(project: Project, description: str, paths: Sequence[str] = ()) -> RecordResult:
    """Record all changes in the work tree since the previous step, if there are any.

    A snapshot holds all files that Git does not ignore, except for large untracked ones. The user's index, stash and
    branches are not touched.

    Args:
        project: the repository.
        description: the change's message; its first line becomes the subject. Empty for a title made of the file names.
        paths: files and folders that are expected to have changed, relative to the top; the result names the others.

    Raises:
        ConflictError: a Git operation is in progress, one of ours was interrupted, or HEAD keeps moving.
        UsageError: a path neither exists nor did in the previous step.
        GitError: a file cannot be read.
    """
    with locks.lock(project.state.recording_lock):
        _check_nothing_in_progress(project)
        omissions, tree, count = _take_snapshot(project)
        base_tree = count.last_step.tree if count.last_step else trees.empty_tree(project.git)
        tree = keep_omitted(project, tree, base_tree, omissions)
        _check_paths(project, paths, base_tree)
        if tree == base_tree or _is_carried_over(project, count, tree):
            return RecordResult(None, (), count, tuple(paths), omissions.large_files)
        change = _store_change(project, count, tree, description)
        new_count = project.reconcile()
    edits = object_db.file_edits(backends.open_repository(project.location.common_dir), change)
    untouched = tuple(path for path in paths if not any(is_within(edit.path, [path]) for edit in edits))
    return RecordResult(change, edits, new_count or count, untouched, omissions.large_files)


def _check_paths(project: Project, paths: Sequence[str], base_tree: str) -> None:
    """Check that the requested paths exist, or did in the previous step.

    Raises:
        UsageError: one does not, so that its name is probably misspelt; nothing is recorded.
    """
    for path in paths:
        if path and not os.path.lexists(project.location.top / path):
            listed = project.git.run("ls-tree", "--full-tree", "-z", "--name-only", base_tree, "--", path).stdout
            if not listed:
                raise UsageError(
                    f"{one_line(path)} does not exist; nothing was recorded",
                    "check the name; without names, all is recorded",
                )


def keep_omitted(project: Project, tree: str, base_tree: str, omissions: Omissions) -> str:
    """Return the tree of a snapshot with large untracked files as they were in an earlier step.

    A file may have been small enough then. It exists, so it must not seem deleted.

    Args:
        project: the repository.
        tree: of the snapshot.
        base_tree: of the earlier step.
        omissions: the paths that the snapshot omits.
    """
    if not omissions.large_files:
        return tree
    return trees.overlay(project.git, project.location, tree, base_tree, omissions.large_files.__contains__)[0]


def _check_nothing_in_progress(project: Project) -> None:
    git_operation = snapshot.operation_in_progress(project.location)
    if git_operation:
        raise ConflictError(
            f"{git_operation} is under way: nothing is recorded", "finish or abort it first: git status"
        )
    operation = interrupted.find(project.database, project.location)
    if operation is not None:
        raise ConflictError(*interrupted.describe(operation))


def _take_snapshot(project: Project) -> tuple[Omissions, str, Count]:
    """Write a tree of all files; return what it omits, the tree, and the count of the HEAD that the files belong to.

    While Git moves files it holds the index's lock, and it writes the index at the end, before it moves HEAD.
    """
    for _ in range(_SNAPSHOT_ATTEMPTS):
        before = shadow_index.index_signature(project.location)
        head = read_head(project.git, project.location)
        omissions = untracked.find_omissions(project.git, project.settings.snapshot_limit_bytes)
        tree = shadow_index.write_tree(project.git, project.location, omissions)
        if before == shadow_index.index_signature(project.location) and not shadow_index.is_git_busy(project.location):
            count = project.reconcile()
            if count is not None and Head(count.branch, count.head) == head:
                _check_nothing_in_progress(project)
                if snapshot.has_conflicts(project.git):
                    message = "there are unresolved conflicts: nothing is recorded"
                    raise ConflictError(message, "resolve them first: git status")
                return omissions, tree, count
        time.sleep(_RETRY_DELAY)
    if shadow_index.is_git_busy(project.location):
        lock = project.location.git_dir / "index.lock"
        raise ConflictError(
            "git's index is locked: another git is running, or one was killed; nothing is recorded",
            f"wait until it has ended; if none is running, remove {lock}",
        )
    raise ConflictError("HEAD keeps moving: nothing is recorded", "try again when git has ended")


def _is_carried_over(project: Project, count: Count, tree: str) -> bool:
    """Return whether HEAD has moved since the last recording, and the files hold nothing but what it recorded."""
    last = recordings.load_latest(project.database, os.fspath(project.location.top))
    if last is None or count.last_step is None or not last.head or count.last_step.is_recorded:
        return False
    if count.last_step.oid == last.change.oid:
        return False
    changed = trees.diff(project.git, count.last_step.tree, tree)
    base = project.git.run("rev-parse", "--verify", "--quiet", f"{last.head}^{{tree}}", check=False).stdout.decode()
    return bool(base) and is_duplicate(changed, trees.diff(project.git, base.strip(), last.change.tree))


def _store_change(project: Project, count: Count, tree: str, description: str) -> Commit:
    message = description.strip() or _default_message(project, count, tree)
    oid = shadow_index.commit_change(project.git, tree, message, count.last_step.oid if count.last_step else "")
    known = {count.last_step.oid: count.last_step.tree} if count.last_step else {}
    change = replace(history.read_commits(project.git, [oid], known)[0], is_recorded=True)
    with project.database.transaction():
        branch = append_step(project, count, change)
        branches.add_commits(project.database, branch, [oid], is_local=True)
    return change


def _default_message(project: Project, count: Count, tree: str) -> str:
    base = count.last_step.tree if count.last_step else trees.empty_tree(project.git)
    return change_title({path: BlobChange(*both) for path, both in trees.diff_blobs(project.git, base, tree).items()})


def append_step(project: Project, count: Count, change: Commit) -> Branch:
    """Append a snapshot to the timeline of the checked-out branch, and pin it.

    Args:
        project: the repository; its database is in a transaction.
        count: the branch's.
        change: the snapshot; its first parent is the previous step.

    Returns:
        The branch.
    """
    database = project.database
    branch = branches.find(database, count.branch) or branches.add(database, count.branch, count.head, count.head)
    number = database.next_id("records")
    recordings.add(database, branch.id, os.fspath(project.location.top), Recording(number, count.head, change))
    previous = recordings.find_number(database, branch.id, change.parent) if change.parent else 0
    if previous:  # it is an ancestor of this one, so one pin holds both
        refs.replace_pin(project.git, refs.record(number), change.oid, refs.record(previous))
    else:
        refs.pin(project.git, {refs.record(number): change.oid})
    return branch


def record_operation_result(project: Project, operation: int, files: str) -> None:
    """Append an operation's result to the timeline, so that the next recording does not count it as a change.

    Args:
        project: the repository.
        operation: its id.
        files: tree of the files as the operation left them.
    """
    count = project.reconcile()
    if count is None or count.last_step is None or count.last_step.tree == files:
        return
    message = f"batchhook: result of operation {operation}"
    oid = snapshot.commit_tree(project.git, files, message, count.last_step.oid)
    (step,) = history.read_commits(project.git, [oid])
    with project.database.transaction():
        append_step(project, count, step)
