"""Which changes are to be taken out: of one batch or several, single ones, those of some paths."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from batchhook.core.changes import Batch, BatchStatus, Commit
from batchhook.core.rollback import Selection, Step, steps_back, within
from batchhook.errors import BatchhookError, ConflictError, NotFinishedError, UsageError
from batchhook.git import history, trees
from batchhook.git.location import read_head
from batchhook.store import batches
from batchhook.workflow.context.project import Project


@dataclass(frozen=True, slots=True)
class Chosen:
    """Changes that are to be taken out.

    Attributes:
        selection: what they are.
        changes: all of them, oldest first.
        base: the commit before the first batch, where whole batches are taken out; empty where there was none.
    """

    selection: Selection
    changes: tuple[Commit, ...]
    base: str = ""


def sealed(project: Project, number: int) -> Batch:
    """A batch that can be rolled back in what is checked out.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
        BatchhookError: the batch is another branch's.
    """
    batch = batches.get(project.database, number)
    if batch.status is BatchStatus.OPEN:
        raise NotFinishedError(
            f"batch {number} is still open", "batchhook rollback --change OID takes out single changes of it"
        )
    _check_branch(project, batch)
    return batch


def of_batch(project: Project, number: int, changes: Sequence[Commit] = (), paths: Sequence[str] = ()) -> Chosen:
    """Some changes of a batch, or all of them.

    Args:
        project: the repository.
        number: the batch's.
        changes: those that are to be taken out, oldest first; none for all.
        paths: only in these files and folders; relative to the top.

    Raises:
        NoSuchBatchError, NotFinishedError, BatchhookError: as for ``sealed``.
    """
    batch = sealed(project, number)
    picked = tuple(change.oid for change in changes)
    return Chosen(Selection((number,), picked, tuple(paths)), tuple(changes or batch.changes), batch.base)


def of_batches(project: Project, first: int, last: int, paths: Sequence[str] = ()) -> Chosen:
    """All changes of the batches of one branch from one to another; what other branches had in between is left out.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or one is still open.
        BatchhookError: the two are of different branches, of another one, or batches between them were pruned.
    """
    ends = [sealed(project, number) for number in (first, last)]
    if ends[0].branch != ends[1].branch:
        raise BatchhookError(f"batches {first} and {last} are of different branches", "batchhook log")
    gone = batches.pruned_between(project.database, first, last)
    if gone:
        raise BatchhookError(f"batch {gone[0]} was pruned", f"batchhook rollback {last} takes one out at a time")
    between = batches.of_branch(project.database, ends[0].branch, first, last)
    changes = tuple(change for batch in between for change in batch.changes)
    return Chosen(Selection(tuple(batch.id for batch in between), paths=tuple(paths)), changes, ends[0].base)


def of_changes(
    project: Project,
    names: Sequence[str],
    within_batches: tuple[int, int] | None = None,
    paths: Sequence[str] = (),
) -> Chosen:
    """Single changes, of full batches or of the open one of the branch that is checked out.

    Args:
        project: the repository; reconciled.
        names: revisions.
        within_batches: the batches of which they have to be; None for any.
        paths: only in these files and folders; relative to the top.

    Raises:
        BatchhookError: one names no commit, or is no change of any batch of the branch that is checked out.
    """
    count = project.reconcile()
    still_open = count.as_batch() if count is not None else None
    found: dict[str, tuple[tuple[int, int], Commit]] = {}
    for name in names:
        oid = history.named(project.git, name)
        holding = [batch for batch in batches.with_change(project.database, oid) if _is_here(project, batch)]
        if still_open is not None and not holding and oid in {change.oid for change in still_open.changes}:
            holding = [still_open]
        if not holding:
            raise BatchhookError(f"{name} is no change of a batch on what is checked out here", "batchhook log, show N")
        batch = holding[0]
        if within_batches and not within_batches[0] <= batch.id <= within_batches[1]:
            raise UsageError(f"{name} is a change of batch {batch.id}", "say its batch, or none")
        place = [change.oid for change in batch.changes].index(oid)
        found[oid] = (batch.id, place), batch.changes[place]
    ordered = sorted(found.values(), key=lambda item: item[0])
    numbers = tuple(dict.fromkeys(number for (number, _), _ in ordered))
    changes = tuple(change for _, change in ordered)
    return Chosen(Selection(numbers, tuple(change.oid for change in changes), tuple(paths)), changes)


def chosen(
    project: Project, within_batches: tuple[int, int] | None, changes: Sequence[str] = (), paths: Sequence[str] = ()
) -> Chosen:
    """What somebody asks to be taken out.

    Args:
        project: the repository; reconciled.
        within_batches: the first and the last batch; None for none that was named.
        changes: revisions, where it is only some changes.
        paths: only in these files and folders; relative to the top.

    Raises:
        UsageError: neither batches nor changes are named.
        BatchhookError: as for ``of_batches`` and ``of_changes``.
    """
    if changes:
        return of_changes(project, changes, within_batches, paths)
    if within_batches is None:
        raise UsageError("which batch is to be rolled back?", "3, 3..5, or single changes")
    return of_batches(project, *within_batches, paths)


def one_batch(within_batches: tuple[int, int] | None, changes: Sequence[str], paths: Sequence[str]) -> int:
    """The one whole batch whose guilty changes are to be taken out.

    Raises:
        UsageError: it is several, or only a part.
    """
    if within_batches is None or within_batches[0] != within_batches[1] or changes or paths:
        raise UsageError("the culprits are those of one whole batch", "batchhook rollback 3 --culprit")
    return within_batches[0]


def steps(project: Project, chosen: Chosen) -> tuple[Step, ...]:
    """The differences that take changes out, newest first.

    Raises:
        ConflictError: they did not touch what was asked for.
    """
    found = steps_back(chosen.changes)
    paths = chosen.selection.paths
    return tuple(_limited(project, found, paths)) if paths else found


def _limited(project: Project, found: Sequence[Step], paths: Sequence[str]) -> list[Step]:
    limited: list[Step] = []
    touched: set[str] = set()
    for step in found:
        old, these = trees.with_changes(
            project.git, project.location, step.new, step.old, lambda path: within(path, paths)
        )
        limited.append(Step(step.new, old))
        touched |= these
    for path in paths:
        if not any(within(each, [path]) for each in touched):
            raise ConflictError(f"nothing of that is in {path or '.'}; nothing was touched", "batchhook show N")
    return limited


def paths_from_top(project: Project, folder: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Paths relative to the top.

    Args:
        project: the repository.
        folder: what they are relative to.
        paths: as they were given.

    Raises:
        UsageError: one leads out of the work tree.
    """
    # Only the folder is resolved: a path may name a link, or nothing any more.
    inside = _folder_inside(project.location.top, folder)
    return tuple(_normal(_from_top(project.location.top, inside, path), path) for path in paths)


def _from_top(top: Path, inside: str, path: str) -> str:
    if not PurePosixPath(path).is_absolute():
        return f"{inside}/{path}"
    place = Path(path)
    try:  # the path itself may be a link, which is what is meant
        return str((place.parent.resolve() / place.name).relative_to(top.resolve()))
    except ValueError:
        return ".."


def _folder_inside(top: Path, folder: Path) -> str:
    relative = folder.resolve().relative_to(top.resolve())
    return "" if relative == Path() else str(relative)


def _normal(path: str, said: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            raise UsageError(f"{said} is not in this work tree", "")
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _check_branch(project: Project, batch: Batch) -> None:
    if not _is_here(project, batch):
        name = batch.branch.removeprefix("refs/heads/")
        said = f"batch {batch.id} is of {name}, and not in what is checked out here"
        raise BatchhookError(said, f"git switch {shlex.quote(name)}")


def _is_here(project: Project, batch: Batch) -> bool:
    head = read_head(project.git, project.location)
    return head.branch == batch.branch or project.git.succeeds("merge-base", "--is-ancestor", batch.head, "HEAD")
