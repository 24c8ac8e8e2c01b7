"""Writing files about batches: at the end of each one, and whenever somebody asks for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.analysis import Analysis
from batchhook.lazy import Late
from batchhook.store import baselines, report_queries, runs
from batchhook.store.reports import Reports
from batchhook.workflow.context.project import Project
from batchhook.workflow.status.analyze import analyze, analyzed

if TYPE_CHECKING:
    from batchhook.report import json_models
    from batchhook.report.files import (
        batch_tracker,
        critical_failure,
        failure_entry,
        filenames,
        html,
        junit,
        markdown,
        regressions,
        run_history,
        text_report,
    )
else:
    json_models, junit = Late("batchhook.report.json_models"), Late("batchhook.report.files.junit")
    critical_failure, failure_entry = (
        Late("batchhook.report.files.critical_failure"),
        Late("batchhook.report.files.failure_entry"),
    )
    text_report, run_history = Late("batchhook.report.files.text_report"), Late("batchhook.report.files.run_history")
    html, markdown = Late("batchhook.report.files.html"), Late("batchhook.report.files.markdown")
    filenames, regressions = Late("batchhook.report.files.filenames"), Late("batchhook.report.files.regressions")
    batch_tracker = Late("batchhook.report.files.batch_tracker")

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
    reports.remove(tuple(set(filenames.own_files(analysis.batch.id)) - {path.name for path in written}))
    return written


def own_files(project: Project, analysis: Analysis) -> Files:
    """The files about one batch."""
    number, outcome = analysis.batch.id, analysis.outcome
    yield filenames.page(number), html.html(analysis, report_queries.past_runs(project.database, number, _PLOTTED))
    yield filenames.markdown(number), markdown.markdown(analysis)
    yield filenames.full_text(number), text_report.full_text(analysis)
    yield (
        filenames.junit(number),
        junit.junit(
            failure_entry.bounded(outcome.results),
            name=f"batch {number}",
            started_at=analysis.tested_at,
            duration=outcome.duration,
        ),
    )
    if found := analysis.critical:
        yield filenames.critical(number), _json(critical_failure.critical_file(analysis, found))


def common_files(project: Project, analysis: Analysis, most: int = LATEST) -> Files:
    """The files that tell of the latest batch and runs, and of those before them.

    Args:
        project: the repository.
        analysis: of the latest batch that has a run.
        most: batches and runs that are told of.
    """
    database, now = project.database, time.time()
    yield (
        filenames.TRACKER,
        _json(
            batch_tracker.tracker_file(
                report_queries.latest_batches(database, most),
                now,
                edits=report_queries.number_of_edits(database),
                batches=report_queries.number_of_batches(database),
            )
        ),
    )
    past = report_queries.latest_runs(database, most, run_history.MOST_FAILURES)
    yield filenames.HISTORY, _json(run_history.history_file(past, now, runs=report_queries.number_of_runs(database)))
    outcome = analysis.outcome
    results = json_models.ci_results_document(
        failure_entry.bounded(outcome.results),
        started_at=analysis.tested_at,
        duration=outcome.duration,
        success=not outcome.broken and not outcome.totals.failures,
    )
    yield filenames.RESULTS, _json(results)
    yield filenames.REGRESSIONS, _json(regressions.regressions_file(analysis))
    baseline = baselines.current(database)
    if baseline:
        run = runs.get(database, baseline.run)
        document = json_models.baseline_results_document(
            failure_entry.bounded(run.outcome.results),
            commit=baseline.oid,
            started_at=run.started_at,
            duration=run.outcome.duration,
        )
        yield filenames.BASELINE, _json(document)


def _json(document: json_models.Document) -> str:
    return f"{document.model_dump_json(indent=2)}\n"
