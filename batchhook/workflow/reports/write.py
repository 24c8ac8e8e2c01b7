"""Report files: written at the end of each batch, and on request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.analysis import Analysis
from batchhook.lazy import LazyModule
from batchhook.store import baselines, report_queries, runs
from batchhook.store.reports import ReportDir
from batchhook.workflow.context.project import Project
from batchhook.workflow.status.analyze import analyze, load_analysis

if TYPE_CHECKING:
    from batchhook.report import json_models
    from batchhook.report.files import (
        batch_tracker,
        critical_failure,
        failure_entry,
        filenames,
        junit,
        markdown,
        regressions,
        run_history,
        text_report,
    )
    from batchhook.report.site import pages
    from batchhook.workflow.views import batch as batch_views
else:
    json_models, junit = LazyModule("batchhook.report.json_models"), LazyModule("batchhook.report.files.junit")
    critical_failure, failure_entry = (
        LazyModule("batchhook.report.files.critical_failure"),
        LazyModule("batchhook.report.files.failure_entry"),
    )
    text_report, run_history = (
        LazyModule("batchhook.report.files.text_report"),
        LazyModule("batchhook.report.files.run_history"),
    )
    pages, markdown = LazyModule("batchhook.report.site.pages"), LazyModule("batchhook.report.files.markdown")
    batch_views = LazyModule("batchhook.workflow.views.batch")
    filenames, regressions = (
        LazyModule("batchhook.report.files.filenames"),
        LazyModule("batchhook.report.files.regressions"),
    )
    batch_tracker = LazyModule("batchhook.report.files.batch_tracker")

MAX_BATCHES = 100
"""Number of batches and runs in the common files, and of batches whose own files are kept in the state folder."""

Files = Iterator[tuple[str, str | bytes]]
"""File names and contents."""


def preload() -> None:
    """Import what the reports need, and compile their templates, so that writing them takes less time later."""
    pages.preload()
    modules = (batch_tracker, critical_failure, failure_entry, filenames, json_models, junit, markdown, regressions)
    for module in (*modules, run_history, text_report):
        module.__name__  # noqa: B018 - reading an attribute imports the module


def write_reports(project: Project, number: int) -> None:
    """Write a finished batch's own files and the common files, and remove the own files of old batches.

    Raises:
        OSError: the disk is full, or a file cannot be written.
        StoreError: the database cannot be read.
    """
    reports = ReportDir(project.state.reports)
    analysis = load_analysis(project, number)
    _write(reports, analysis, build_own_files(project, analysis))
    reports.write(dict(build_common_files(project, analysis)))
    reports.remove_before(number - MAX_BATCHES + 1)


def write_own_reports(project: Project, number: int) -> dict[str, Path]:
    """Write a batch's own files into the state folder again, with what is known by now.

    Returns:
        File name -> path.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it has no run yet.
        OSError: the disk is full, or a file cannot be written.
    """
    analysis = analyze(project, number)
    return {
        path.name: path
        for path in _write(ReportDir(project.state.reports), analysis, build_own_files(project, analysis))
    }


def _write(reports: ReportDir, analysis: Analysis, files: Files) -> list[Path]:
    """Write a batch's own files, and remove those that no longer apply."""
    written = reports.write(dict(files))
    reports.remove(tuple(set(filenames.own_files(analysis.batch.id)) - {path.name for path in written}))
    return written


def build_own_files(project: Project, analysis: Analysis) -> Files:
    """Yield the files about one batch."""
    number, result = analysis.batch.id, analysis.result
    yield filenames.page(number), pages.render_batch_file(batch_views.view_analysis(project, analysis))
    yield filenames.markdown(number), markdown.markdown(analysis)
    yield filenames.full_text(number), text_report.full_text(analysis)
    yield (
        filenames.junit(number),
        junit.junit(
            failure_entry.limit_text(result.results),
            name=f"batch {number}",
            started_at=analysis.tested_at,
            duration=result.duration,
            unrun=result.unrun,
        ),
    )
    if critical := analysis.critical_failure:
        yield filenames.critical(number), _json(critical_failure.critical_file(analysis, critical))


def build_common_files(project: Project, analysis: Analysis, limit: int = MAX_BATCHES) -> Files:
    """Yield the files about the latest batches and runs.

    Args:
        project: the repository.
        analysis: of the latest batch with a run.
        limit: number of batches and runs.
    """
    database, now = project.database, time.time()
    yield (
        filenames.TRACKER,
        _json(
            batch_tracker.tracker_file(
                report_queries.load_latest_batches(database, limit),
                now,
                edit_count=report_queries.count_edits(database),
                batch_count=report_queries.count_batches(database),
            )
        ),
    )
    past_runs = report_queries.load_latest_runs(database, limit, run_history.MAX_FAILURES)
    yield (
        filenames.HISTORY,
        _json(run_history.history_file(past_runs, now, run_count=report_queries.count_runs(database))),
    )
    result = analysis.result
    document = json_models.ci_results_document(
        failure_entry.limit_text(result.results),
        started_at=analysis.tested_at,
        duration=result.duration,
        success=not result.broken_reason and not result.totals.failures,
    )
    yield filenames.RESULTS, _json(document)
    yield filenames.REGRESSIONS, _json(regressions.regressions_file(analysis))
    baseline = baselines.load(database)
    if baseline:
        run = runs.load(database, baseline.run)
        baseline_document = json_models.baseline_results_document(
            failure_entry.limit_text(run.result.results),
            commit=baseline.oid,
            started_at=run.started_at,
            duration=run.result.duration,
        )
        yield filenames.BASELINE, _json(baseline_document)


def _json(document: json_models.Document) -> str:
    return f"{document.model_dump_json(indent=2)}\n"
