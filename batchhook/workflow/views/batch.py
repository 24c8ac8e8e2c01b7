"""The page of a batch."""

from __future__ import annotations

from collections.abc import Iterable

from batchhook.core.analysis import Analysis
from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.commit import Commit, FileEdit
from batchhook.core.results import TestResult
from batchhook.core.views.batch import BatchView
from batchhook.core.views.batch_rows import BatchRow
from batchhook.core.views.patch import Patch, failing_places, mark_failing, parse_patch
from batchhook.errors import GitError, NoSuchBatchError
from batchhook.git.backends import open_repository
from batchhook.git.object_db import file_edits
from batchhook.git.patches import read_patch
from batchhook.store import batch_rows, batches, critical_failures, report_queries
from batchhook.workflow.context.project import Project
from batchhook.workflow.status.analyze import load_analysis
from batchhook.workflow.status.overview import load_rollbacks
from batchhook.workflow.views.running import find_running

__all__ = ["BatchView", "load_batch", "view_analysis"]

_MAX_PLOTTED = 40
"""Batches in the plot of durations."""
_MAX_PATCHES = 10
"""Culprits whose patches are shown: those that broke most tests, then those that slowed most down."""
_MAX_BYTES, _MAX_LINES = 60_000, 400
"""Of each patch."""


def load_batch(project: Project, number: int) -> BatchView:
    """Load the page of a batch, in whatever stage it is.

    Raises:
        NoSuchBatchError: there is no such batch.
    """
    batch = batches.load(project.database, number)
    row = _load_row(project, number)
    if row.verdict is not None:
        return _view(project, row, load_analysis(project, number))
    if batch.status is BatchStatus.OPEN:
        preview = project.preview_open_batch()
        batch = preview if preview is not None and preview.id == number else batch
    earlier, later = batch_rows.find_neighbours(project.database, number)
    return BatchView(
        batch=batch,
        row=row,
        edits=_load_edits(project, batch),
        running=None if batch.status is BatchStatus.OPEN else find_running(project, number),
        earlier=earlier,
        later=later,
    )


def view_analysis(project: Project, analysis: Analysis) -> BatchView:
    """Load what a page shows besides the analysis of its batch.

    Raises:
        NoSuchBatchError: the batch was pruned just now.
    """
    return _view(project, _load_row(project, analysis.batch.id), analysis)


def _load_row(project: Project, number: int) -> BatchRow:
    row = batch_rows.load(project.database, number, load_rollbacks(project))
    if row is None:
        raise NoSuchBatchError(f"there is no batch {number}", "list the batches: batchhook log")
    return row


def _view(project: Project, row: BatchRow, analysis: Analysis) -> BatchView:
    batch, database = analysis.batch, project.database
    earlier, later = batch_rows.find_neighbours(database, batch.id)
    return BatchView(
        batch=batch,
        row=row,
        analysis=analysis,
        edits=analysis.edits,
        history=tuple(report_queries.load_run_history(database, batch.id, _MAX_PLOTTED)),
        patches=dict(_patches(project, analysis)),
        running=find_running(project, batch.id),
        earlier=earlier,
        later=later,
        can_acknowledge=batch.id in critical_failures.list_unresolved(database).values(),
        can_roll_back=row.rollback is None or row.rollback.is_partial,
    )


def _load_edits(project: Project, batch: Batch) -> dict[str, tuple[FileEdit, ...]]:
    """Return the files that the changes of a batch touched: as stored, or as git has them."""
    edits = batches.load_edits(project.database, batch.id)
    if edits or not batch.changes:
        return edits
    repository = open_repository(project.location.common_dir)
    try:
        return {change.oid: file_edits(repository, change) for change in batch.changes}
    except GitError:  # git has removed a commit
        return {}


def _patches(project: Project, analysis: Analysis) -> Iterable[tuple[str, Patch]]:
    """Yield the patches of the guilty changes, by oid."""
    guilty: dict[str, tuple[Commit, tuple[TestResult, ...]]] = {
        change.oid: (change, tests) for change, tests in analysis.culprits
    }
    for slowdown in analysis.confirmed_slowdowns:
        if slowdown.culprit in analysis.commits:
            guilty.setdefault(slowdown.culprit, (analysis.commits[slowdown.culprit], ()))
    for oid, (change, tests) in list(guilty.items())[:_MAX_PATCHES]:
        try:
            text, is_cut = read_patch(project.git, change.base_tree, change.tree, _MAX_BYTES)
        except GitError:  # git has removed a tree
            continue
        patch = parse_patch(text, _MAX_LINES, is_cut=is_cut)
        yield oid, mark_failing(patch, _places_in(analysis, change, tests))


def _places_in(analysis: Analysis, change: Commit, tests: Iterable[TestResult]) -> frozenset[tuple[str, int]]:
    """Return the places of the failures, in files that no later change of the batch moved lines of."""
    oids = [each.oid for each in analysis.batch.changes]
    later = oids[oids.index(change.oid) + 1 :] if change.oid in oids else oids
    moved = {edit.path for oid in later for edit in analysis.edits.get(oid, ())}
    return frozenset((path, line) for path, line in failing_places(tests) if path not in moved)
