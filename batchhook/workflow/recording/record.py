"""Recording a change: the work tree as it is, without a commit of the user's."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from batchhook.core.change_titles import Touch, described
from batchhook.core.changes import Commit, FileEdit
from batchhook.core.rollback import within
from batchhook.core.timeline import only_repeats
from batchhook.errors import ConflictError
from batchhook.git import history, shadow_index, snapshot, trees
from batchhook.git.location import Head, read_head
from batchhook.lazy import Late
from batchhook.store import branches, locks, recordings
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.recording.timeline_step import write_down

if TYPE_CHECKING:
    from batchhook.git import backends, object_db
else:
    backends = Late("batchhook.git.backends")
    object_db = Late("batchhook.git.object_db")

_MOST_LOOKS = 10
_BETWEEN_LOOKS = 0.1
"""Seconds: editors have git take its lock for a moment, again and again."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of recording.

    Attributes:
        change: the new change; None where nothing had changed.
        edits: the files that it touched, by path.
        count: where the open batch stands now, and which batches it has filled.
        untouched: paths that were named, and in which nothing had changed.
    """

    change: Commit | None
    edits: tuple[FileEdit, ...]
    count: Count
    untouched: tuple[str, ...] = ()

    @property
    def standing(self) -> str:
        """Where the open batch is, and which are full by this."""
        return standing(self.count)


def standing(count: Count) -> str:
    """Where the open batch is, and which are full now: ``batch 1 is full (5/5), its tests run``."""
    full = [
        f"batch {number} is full ({count.fill.counted(filled)}), its tests run"
        for number, filled in count.sealed.items()
    ]
    still_open = [] if full and not count.changes else [f"batch {count.batch}, {count.fill.counted(count.filled)}"]
    return "; ".join([*full, *still_open])


def record(project: Project, description: str, paths: Sequence[str] = ()) -> Recorded:
    """Record all that has changed in the work tree since the step before, if anything has.

    A snapshot holds all files that git does not ignore. The user's index, stash and branches are not touched.

    Args:
        project: the repository.
        description: why it was done; its first line becomes the subject. Empty for the names of the files.
        paths: files and folders that the change is about, relative to the top; what was not changed in is said.

    Raises:
        ConflictError: git is in the middle of something, an operation was interrupted, or HEAD keeps moving.
        GitError: a file cannot be read.
    """
    with locks.lock(project.state.recording_lock):
        _check_peace(project)
        tree, count = _looked(project)
        base_tree = count.last.tree if count.last else trees.empty(project.git)
        if tree == base_tree or _is_carried_over(project, count, tree):
            return Recorded(None, (), count, tuple(paths))
        change = _written_down(project, count, tree, description)
        now = project.reconcile()
    edits = object_db.file_edits(backends.open_repository(project.location.common_dir), change)
    untouched = tuple(path for path in paths if not any(within(edit.path, [path]) for edit in edits))
    return Recorded(change, edits, now or count, untouched)


def _check_peace(project: Project) -> None:
    under_way = snapshot.what_is_under_way(project.location)
    if under_way:
        raise ConflictError(f"{under_way} is under way: nothing is recorded", "finish or abort it first: git status")
    torn = interrupted.find(project.database, project.location)
    if torn is not None:
        raise ConflictError(*interrupted.said_of(torn))


def _looked(project: Project) -> tuple[str, Count]:
    """The tree of all files, and where the branch stands whose HEAD they were seen with.

    While git moves files it holds the index's lock, and it writes the index at the end, before it moves HEAD.
    """
    for _ in range(_MOST_LOOKS):
        before = shadow_index.index_signature(project.location)
        head = read_head(project.git, project.location)
        tree = shadow_index.tree_of_files(project.git, project.location)
        if before == shadow_index.index_signature(project.location) and not shadow_index.is_git_busy(project.location):
            count = project.reconcile()
            if count is not None and Head(count.branch, count.head) == head:
                _check_peace(project)
                if snapshot.has_conflicts(project.git):
                    said = "there are unsolved conflicts: nothing is recorded"
                    raise ConflictError(said, "solve them first: git status")
                return tree, count
        time.sleep(_BETWEEN_LOOKS)
    if shadow_index.is_git_busy(project.location):
        lock = project.location.git_dir / "index.lock"
        raise ConflictError(
            "git's index is locked, another git is at work, or one was killed: nothing is recorded",
            f"wait for it; if there is none, remove {lock}",
        )
    raise ConflictError("HEAD moves all the time: nothing is recorded", "try again when git is done")


def _is_carried_over(project: Project, count: Count, tree: str) -> bool:
    """Whether HEAD has moved, and the files hold nothing else than what was recorded before it did."""
    last = recordings.latest(project.database, os.fspath(project.location.top))
    if last is None or count.last is None or not last.made_on or count.last.is_record:
        return False
    if count.last.oid == last.change.oid:
        return False
    there = trees.differences(project.git, count.last.tree, tree)
    base = project.git.run("rev-parse", "--verify", "--quiet", f"{last.made_on}^{{tree}}", check=False).stdout.decode()
    return bool(base) and only_repeats(there, trees.differences(project.git, base.strip(), last.change.tree))


def _written_down(project: Project, count: Count, tree: str, description: str) -> Commit:
    message = description.strip() or _names(project, count, tree)
    oid = shadow_index.commit(project.git, tree, message, count.last.oid if count.last else "")
    known = {count.last.oid: count.last.tree} if count.last else {}
    change = replace(history.commits(project.git, [oid], known)[0], is_record=True)
    with project.database.transaction():
        branch = write_down(project, count, change)
        branches.meet(project.database, branch, [oid], made_here=True)
    return change


def _names(project: Project, count: Count, tree: str) -> str:
    base = count.last.tree if count.last else trees.empty(project.git)
    return described({path: Touch(*both) for path, both in trees.touched(project.git, base, tree).items()})
