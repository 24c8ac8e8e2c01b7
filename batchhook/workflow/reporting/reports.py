"""Writing files about batches: at the end of each one, and whenever somebody asks for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.analysis import Analysis
from batchhook.late import Late
from batchhook.store import baselines, records, runs
from batchhook.store.reports import Reports
from batchhook.workflow.analyze import analyze, analyzed
from batchhook.workflow.project import Project

if TYPE_CHECKING:
    from batchhook.report import documents, junit
    from batchhook.report.files import (
        critical,
        entries,
        full_text,
        history,
        html,
        markdown,
        names,
        regressions,
        tracker,
    )
else:
    documents, junit = Late("batchhook.report.documents"), Late("batchhook.report.junit")
    critical, entries = Late("batchhook.report.files.critical"), Late("batchhook.report.files.entries")
    full_text, history = Late("batchhook.report.files.full_text"), Late("batchhook.report.files.history")
    html, markdown = Late("batchhook.report.files.html"), Late("batchhook.report.files.markdown")
    names, regressions = Late("batchhook.report.files.names"), Late("batchhook.report.files.regressions")
    tracker = Late("batchhook.report.files.tracker")

LATEST = 100
"""Batches and runs in the files that tell of many; batches whose own files are kept in the state folder."""
_PLOTTED = 40
"""Batches in the plot of a page."""

Files = Iterator[tuple[str, str | bytes]]
"""Files' names and what they hold."""


def write_reports(project: Project, number: int) -> None:
    """A step at a batch's end: write its own files and those that tell of the latest ones, and drop those of old ones.

    Raises:
        OSError: no room, no permission.
        StoreError: the database cannot be read.
    """
    reports = Reports(project.state.reports)
    analysis = analyzed(project, number)
    _write(reports, analysis, own_files(project, analysis))
    reports.write(dict(common_files(project, analysis)))
    reports.keep(number - LATEST + 1)


def write_own(project: Project, number: int) -> dict[str, Path]:
    """Write a batch's own files into the state folder, anew, since more may be known of it by now.

    Returns:
        where each is, by its name.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it has no run yet.
        OSError: no room, no permission.
    """
    analysis = analyze(project, number)
    return {path.name: path for path in _write(Reports(project.state.reports), analysis, own_files(project, analysis))}


def _write(reports: Reports, analysis: Analysis, files: Files) -> list[Path]:
    """Write a batch's own files; one that was written and is not true any more goes."""
    written = reports.write(dict(files))
    reports.remove(tuple(set(names.own_files(analysis.batch.id)) - {path.name for path in written}))
    return written


def own_files(project: Project, analysis: Analysis) -> Files:
    """The files about one batch."""
    number, outcome = analysis.batch.id, analysis.outcome
    yield names.page(number), html.html(analysis, records.past_runs(project.database, number, _PLOTTED))
    yield names.markdown(number), markdown.markdown(analysis)
    yield names.full_text(number), full_text.full_text(analysis)
    yield (
        names.junit(number),
        junit.junit(
            entries.bounded(outcome.results),
            name=f"batch {number}",
            started_at=analysis.tested_at,
            duration=outcome.duration,
        ),
    )
    if found := analysis.critical:
        yield names.critical(number), _json(critical.critical_file(analysis, found))


def common_files(project: Project, analysis: Analysis, most: int = LATEST) -> Files:
    """The files that tell of the latest batch and runs, and of those before them.

    Args:
        project: the repository.
        analysis: of the latest batch that has a run.
        most: batches and runs that are told of.
    """
    database, now = project.database, time.time()
    yield (
        names.TRACKER,
        _json(
            tracker.tracker_file(
                records.latest_batches(database, most),
                now,
                edits=records.number_of_edits(database),
                batches=records.number_of_batches(database),
            )
        ),
    )
    past = records.latest_runs(database, most, history.MOST_FAILURES)
    yield names.HISTORY, _json(history.history_file(past, now, runs=records.number_of_runs(database)))
    outcome = analysis.outcome
    results = documents.ci_results_document(
        entries.bounded(outcome.results),
        started_at=analysis.tested_at,
        duration=outcome.duration,
        success=not outcome.broken and not outcome.totals.failures,
    )
    yield names.RESULTS, _json(results)
    yield names.REGRESSIONS, _json(regressions.regressions_file(analysis))
    baseline = baselines.current(database)
    if baseline:
        run = runs.get(database, baseline.run)
        document = documents.baseline_results_document(
            entries.bounded(run.outcome.results),
            commit=baseline.oid,
            started_at=run.started_at,
            duration=run.outcome.duration,
        )
        yield names.BASELINE, _json(document)


def _json(document: documents.Document) -> str:
    return f"{document.model_dump_json(indent=2)}\n"
