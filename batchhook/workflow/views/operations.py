"""The operations, page by page, with what each did."""

from __future__ import annotations

import os
from contextlib import suppress

from batchhook.core.operations import Operation, effective_ids, find_undo_target
from batchhook.core.views.batch_rows import count_pages
from batchhook.core.views.operations import OperationRow, OperationsView, RestoredBackup
from batchhook.errors import BatchhookError, StoreError
from batchhook.git.patches import read_names
from batchhook.store import operations
from batchhook.store.restorations import RestorationStore
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.project import Project
from batchhook.workflow.views.paging import check_page

__all__ = ["PAGE_SIZE", "OperationsView", "load_operations"]

PAGE_SIZE = 15
_MAX_FILES = 12


def load_operations(project: Project, page: int = 1) -> OperationsView:
    """Load a page of the operations, newest first.

    Raises:
        UsageError: there is no such page.
    """
    past = operations.list_all(project.database)
    pages = check_page(page, count_pages(len(past), PAGE_SIZE))
    start = (page - 1) * PAGE_SIZE
    shown = list(reversed(past))[start : start + PAGE_SIZE]
    effective = effective_ids(past)
    taken_back = {each.undoes: each.id for each in past if each.id in effective}
    unfinished = interrupted.find(project.database, project.location)
    pairs = {each.id: (each.before, each.after) for each in shown if each.before and each.after}
    names = read_names(project.git, list(pairs.values()))
    rows = []
    for each in shown:
        files = names.get(pairs.get(each.id, ("", "")))
        rows.append(
            OperationRow(
                operation=each,
                is_effective=each.id in effective,
                taken_back_by=taken_back.get(each.id, 0),
                is_interrupted=unfinished is not None and each.id == unfinished.id,
                files=tuple(files[:_MAX_FILES]) if files else (),
                file_count=None if files is None else len(files),
                can_undo=_can_undo(project, past, each),
            )
        )
    return OperationsView(tuple(rows), page, pages, len(past), _list_restored(project) if page == 1 else ())


def _can_undo(project: Project, past: list[Operation], operation: Operation) -> bool:
    """Return whether an undo of an operation, in this work tree, reverts exactly that."""
    try:
        return find_undo_target(past, os.fspath(project.location.top), operation.id).id == operation.id
    except BatchhookError:
        return False


def _list_restored(project: Project) -> tuple[RestoredBackup, ...]:
    if not project.state.restorations.is_dir():
        return ()
    with suppress(StoreError):  # a damaged one; doctor reports it
        return tuple(
            RestoredBackup(each.number, each.batch, each.undoes, each.status, each.started_at)
            for each in RestorationStore(project.state.restorations).list_all()
        )
    return ()
