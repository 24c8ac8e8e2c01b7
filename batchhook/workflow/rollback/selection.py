"""The changes that a rollback reverts: of one batch or several, single ones, or those to some paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.commit import Commit
from batchhook.core.paths import is_within
from batchhook.core.rollback import Selection, TreeDelta, deltas_to_revert
from batchhook.errors import BatchhookError, ConflictError, NoFullBatchError, NotFinishedError, UsageError
from batchhook.git import history, trees
from batchhook.git.location import read_head
from batchhook.store import batches
from batchhook.workflow.context.checkout_hint import branch_label, checkout_hint
from batchhook.workflow.context.project import Project


@dataclass(frozen=True, slots=True)
class SelectedChanges:
    """The changes to revert.

    Attributes:
        selection: their batches, oids and paths, as an operation stores them.
        changes: all of them, oldest first.
        base: the commit before the first batch; empty if there is none, or if single changes are selected.
    """

    selection: Selection
    changes: tuple[Commit, ...]
    base: str = ""


def resolve(
    project: Project, batch_range: tuple[int, int] | None, changes: Sequence[str] = (), paths: Sequence[str] = ()
) -> SelectedChanges:
    """Resolve what a user names, after reconciling.

    Args:
        project: the repository.
        batch_range: the first and the last batch; None if no batch is named.
        changes: revisions, to select only these changes.
        paths: files and folders, relative to the top, to select only what was done to them.

    Raises:
        UsageError: neither batches nor changes are named, or a change is not in the batches named.
        NoSuchBatchError, NotFinishedError: a batch does not exist, or is still open.
        BatchhookError: the batches are on different branches, on another one than what is checked out, or batches
            between them were pruned; or a revision names no commit, or one that is in no batch of this branch.
    """
    count = project.reconcile()
    if changes:
        open_batch = count.as_batch() if count is not None else None
        return _for_changes(project, open_batch, changes, batch_range, paths)
    if batch_range is None:
        raise UsageError("no batch named", "batchhook rollback 3, 3..5, or --change OID")
    return _for_batches(project, *batch_range, paths)


def for_batch(project: Project, number: int, changes: Sequence[Commit]) -> SelectedChanges:
    """Select some changes of a sealed batch, oldest first.

    Raises:
        NoSuchBatchError, NotFinishedError, BatchhookError: as for ``load_sealed_batch``.
    """
    batch = load_sealed_batch(project, number)
    return SelectedChanges(Selection((number,), tuple(change.oid for change in changes)), tuple(changes), batch.base)


def load_sealed_batch(project: Project, number: int) -> Batch:
    """Load a batch that can be rolled back in what is checked out.

    Raises:
        NoSuchBatchError, NotFinishedError: it does not exist, or is still open.
        BatchhookError: it is on another branch.
    """
    batch = batches.load(project.database, number)
    if batch.status is BatchStatus.OPEN:
        raise NotFinishedError(
            f"batch {number} is still open", "batchhook rollback --change OID rolls back single changes of it"
        )
    if not _is_checked_out(project, batch):
        raise BatchhookError(
            f"batch {number} is on {branch_label(batch.branch)}, not on what is checked out",
            checkout_hint(project, batch.branch, batch.head),
        )
    return batch


def latest_sealed_batch(project: Project) -> int:
    """Return the number of the latest full batch of what is checked out.

    Raises:
        NoFullBatchError: there is none yet.
    """
    count = project.reconcile()
    branch = count.branch if count else read_head(project.git, project.location).branch
    sealed = [
        each.id for each in batches.list_for_branch(project.database, branch) if each.status is not BatchStatus.OPEN
    ]
    if not sealed:
        raise NoFullBatchError("no batch of this branch is full yet", "batchhook rollback --change OID")
    return sealed[-1]


def _for_batches(project: Project, first: int, last: int, paths: Sequence[str]) -> SelectedChanges:
    """Select all changes of a branch's batches in a range; batches of other branches in between are left out."""
    ends = [load_sealed_batch(project, number) for number in (first, last)]
    if ends[0].branch != ends[1].branch:
        raise BatchhookError(f"batches {first} and {last} are on different branches", "batchhook log")
    pruned = batches.list_pruned_between(project.database, first, last)
    if pruned:
        raise BatchhookError(f"batch {pruned[0]} was pruned", f"batchhook rollback {last} rolls back one at a time")
    selected = batches.list_for_branch(project.database, ends[0].branch, first, last)
    changes = tuple(change for batch in selected for change in batch.changes)
    numbers = tuple(batch.id for batch in selected)
    return SelectedChanges(Selection(numbers, paths=tuple(paths)), changes, ends[0].base)


def _for_changes(
    project: Project,
    open_batch: Batch | None,
    revisions: Sequence[str],
    batch_range: tuple[int, int] | None,
    paths: Sequence[str],
) -> SelectedChanges:
    """Select single changes, of sealed batches or of the open one of the branch that is checked out."""
    by_oid: dict[str, tuple[tuple[int, int], Commit]] = {}
    for revision in revisions:
        oid = history.resolve_commit(project.git, revision)
        holders = batches.list_with_change(project.database, oid)
        candidates = [batch for batch in holders if _is_checked_out(project, batch)]
        if open_batch is not None and not candidates and oid in {change.oid for change in open_batch.changes}:
            candidates = [open_batch]
        if not candidates:
            raise BatchhookError(
                f"{revision} is not in any batch of this branch", "see batchhook log, and batchhook show N"
            )
        batch = candidates[0]
        if batch_range and not batch_range[0] <= batch.id <= batch_range[1]:
            raise UsageError(f"{revision} is a change of batch {batch.id}", "name that batch, or none")
        position = [change.oid for change in batch.changes].index(oid)
        by_oid[oid] = (batch.id, position), batch.changes[position]
    ordered = sorted(by_oid.values(), key=lambda item: item[0])
    numbers = tuple(dict.fromkeys(number for (number, _), _ in ordered))
    changes = tuple(change for _, change in ordered)
    return SelectedChanges(Selection(numbers, tuple(change.oid for change in changes), tuple(paths)), changes)


def _is_checked_out(project: Project, batch: Batch) -> bool:
    head = read_head(project.git, project.location)
    return head.branch == batch.branch or project.git.succeeds("merge-base", "--is-ancestor", batch.head, "HEAD")


def deltas(project: Project, selected: SelectedChanges) -> tuple[TreeDelta, ...]:
    """Return the deltas that revert the selected changes, newest first.

    Raises:
        ConflictError: the changes did not touch one of the selected paths.
    """
    whole, paths = deltas_to_revert(selected.changes), selected.selection.paths
    if not paths:
        return whole
    limited: list[TreeDelta] = []
    touched: set[str] = set()
    for delta in whole:
        old, changed = trees.overlay(
            project.git, project.location, delta.new, delta.old, lambda path: is_within(path, paths)
        )
        limited.append(TreeDelta(delta.new, old))
        touched |= changed
    for path in paths:
        if not any(is_within(each, [path]) for each in touched):
            raise ConflictError(f"the changes did not touch {path or '.'}; nothing was changed", "batchhook show N")
    return tuple(limited)


def paths_from_top(project: Project, folder: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Make paths relative to the top of the work tree.

    Args:
        project: the repository.
        folder: what relative paths are relative to.
        paths: as the user wrote them.

    Raises:
        UsageError: a path leads out of the work tree.
    """
    # Only the folder is resolved: the path itself may be a link, or may not exist.
    top = project.location.top
    relative = folder.resolve().relative_to(top.resolve())
    prefix = "" if relative == Path() else str(relative)
    return tuple(_normalize(_join(top, prefix, path), path) for path in paths)


def _join(top: Path, prefix: str, path: str) -> str:
    if not PurePosixPath(path).is_absolute():
        return f"{prefix}/{path}"
    absolute = Path(path)
    try:  # the path may be a link, which is then what is meant
        return str((absolute.parent.resolve() / absolute.name).relative_to(top.resolve()))
    except ValueError:
        return ".."


def _normalize(path: str, original: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            raise UsageError(f"{original} is not in this work tree", "")
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
