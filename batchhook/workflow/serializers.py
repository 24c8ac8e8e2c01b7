"""JSON documents for the results of use cases, shared by ``--json`` and the Python API.

``report.json_models`` has the models, and the documents that need only types of core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from batchhook.core.commit import FileEdit
from batchhook.core.culprits.attribution import group_by_culprit
from batchhook.core.operations import Operation, OperationKind
from batchhook.core.results import Run
from batchhook.core.revert_check import RevertCheck
from batchhook.core.rollback import RollbackMode, Selection
from batchhook.core.sanitize import escape_surrogates, one_line
from batchhook.core.timestamps import iso_time
from batchhook.core.verdict import Verdict
from batchhook.report import json_models
from batchhook.report.files import filenames
from batchhook.store.baselines import Baseline
from batchhook.workflow.baseline import BaselineComparison
from batchhook.workflow.manual_run import ManualRun
from batchhook.workflow.status.overview import BatchEntry, RepositoryStatus

if TYPE_CHECKING:
    from pathlib import Path

    from batchhook.core.analysis import Analysis
    from batchhook.store.backups import BackupManifest
    from batchhook.store.restorations import Restoration
    from batchhook.workflow.impact.query import AffectedAnswer
    from batchhook.workflow.notify.notifications import Delivery
    from batchhook.workflow.prediction.risk import RiskReport
    from batchhook.workflow.recording.record import RecordResult
    from batchhook.workflow.reports.export import ExportResult
    from batchhook.workflow.reports.site import SiteResult
    from batchhook.workflow.restore.plan import RestorePlan
    from batchhook.workflow.rollback.plan import Plan
    from batchhook.workflow.setup.doctor import HealthCheck
    from batchhook.workflow.setup.install import Installation
    from batchhook.workflow.status.wait import ActiveBatch
    from batchhook.workflow.suite.engine_list import EngineList
    from batchhook.workflow.watching.events import WatchEvent
from batchhook.workflow.suite.collect import SuiteOutlook


def status_document(status: RepositoryStatus) -> json_models.StatusDocument:
    """Return the document of ``status``."""
    return json_models.StatusDocument(
        open=json_models.batch_document(status.count.as_batch(), {}) if status.count else None,
        under_way=tuple(map(progress_document, status.active)),
        latest=tuple(map(_summary, status.latest)),
        unseen=tuple(status.unseen),
        critical=status.critical_batch,
        interrupted=status.interrupted.id if status.interrupted else None,
        affected=escape_surrogates(status.affected),
        installed=status.is_installed,
    )


def progress_document(active: ActiveBatch) -> json_models.ProgressDocument:
    """Return the progress of a batch that is not finished."""
    return json_models.progress_document(active.batch, active.verdict, active.progress)


def risk_document(report: RiskReport) -> json_models.RiskDocument:
    """Return predictions for changes, and how predictions do on the history."""
    return json_models.RiskDocument(
        changes=tuple(map(json_models.change_risk_document, report.changes)),
        breaking_rate=report.stored.rate,
        evaluation=json_models.prediction_evaluation_document(report.stored.evaluation),
    )


def affected_document(answer: AffectedAnswer, roots: Sequence[str]) -> json_models.AffectedDocument:
    """Return the tests that a change can affect; ``roots`` are the folders that modules are imported from."""
    return json_models.AffectedDocument(
        change=escape_surrogates(answer.subject),
        tests=tuple(json_models.affected_test_document(each, answer.durations, roots) for each in answer.tests),
        tests_known=answer.total,
        duration_s=answer.seconds,
        total_duration_s=answer.total_seconds,
    )


def log_document(entries: Sequence[BatchEntry]) -> json_models.LogDocument:
    """Return a list of batches."""
    return json_models.LogDocument(batches=tuple(map(_summary, entries)))


def show_document(entry: BatchEntry, edits: Mapping[str, tuple[FileEdit, ...]]) -> json_models.BatchSummaryDocument:
    """Return a batch with the files that its changes touched; ``edits`` has them by the oid of the change."""
    return _summary(entry).model_copy(update={"batch": json_models.batch_document(entry.batch, dict(edits))})


def _summary(entry: BatchEntry) -> json_models.BatchSummaryDocument:
    return json_models.batch_summary_document(entry.batch, entry.verdict, entry.totals, entry.rollback)


def test_document(run: ManualRun, verdict: Verdict) -> json_models.TestDocument:
    """Return a manual run."""
    return json_models.test_document(
        run.commit, run.run, verdict, run.flips, remembered=run.is_cached, coverage=run.coverage
    )


def baseline_document(baseline: Baseline, run: Run) -> json_models.BaselineDocument:
    """Return the baseline with the totals of its run."""
    return json_models.BaselineDocument(
        oid=baseline.oid,
        set_at=baseline.set_at,
        forced=baseline.forced,
        totals=json_models.totals_document(run.result.totals),
    )


def baseline_comparison_document(
    comparison: BaselineComparison, verdict: Verdict
) -> json_models.BaselineComparisonDocument:
    """Return the comparison of a commit with the baseline."""
    return json_models.BaselineComparisonDocument(
        oid=comparison.oid,
        baseline=comparison.baseline.oid,
        verdict=verdict.value,
        totals=json_models.totals_document(comparison.run.result.totals),
        compared=json_models.suite_comparison_document(comparison.compared),
        suite_difference=comparison.suite_difference,
    )


def plan_document(
    plan: Plan, operation: Operation | None = None, check: RevertCheck | None = None
) -> json_models.OperationDocument:
    """Return a plan, or the operation that carried it out."""
    reversal = plan.reversal
    head = None if plan.commit_tree else plan.after.head
    return _operation_document(reversal.kind, reversal.mode, reversal.selection, reversal.undoes).model_copy(
        update={
            "id": operation.id if operation else None,
            "status": operation.status.value if operation else "planned",
            "branch": json_models.json_path(plan.branch),
            "head": operation.head if operation else head,
            "dropped_commits": tuple(commit.oid for commit in plan.dropped_commits),
            "stashed_files": tuple(map(json_models.json_path, plan.stashed_files)),
            "stash": operation.stash if operation else reversal.stash,
            "revert_check": json_models.revert_check_document(check) if check else None,
            "files": json_models.file_action_documents(plan.files),
            "diff": escape_surrogates(plan.diff),
        }
    )


def restoration_document(
    plan: RestorePlan, diff: str, restoration: Restoration | None = None
) -> json_models.RestorationDocument:
    """Return a plan to restore files from a backup, or the restoration that carried it out."""
    return json_models.RestorationDocument(
        number=restoration.number if restoration else None,
        batch=plan.batch or None,
        undoes=plan.undoes or None,
        status=restoration.status if restoration else "planned",
        files=json_models.file_action_documents(plan.files),
        skipped_files=tuple(
            json_models.SkippedFileDocument(path=json_models.json_path(path), reason=reason)
            for path, reason in plan.skipped.items()
        ),
        changed_since=tuple(map(json_models.json_path, plan.changed_since)),
        diff=escape_surrogates(diff),
    )


def operation_document(operation: Operation, *, is_interrupted: bool = False) -> json_models.OperationDocument:
    """Return a stored operation, without its files."""
    return _operation_document(operation.kind, operation.mode, operation.selection, operation.undoes).model_copy(
        update={
            "id": operation.id,
            "status": "interrupted" if is_interrupted else operation.status.value,
            "branch": json_models.json_path(operation.branch.removeprefix("refs/heads/")),
            "head": operation.head or None,
            "stash": operation.stash,
        }
    )


def _operation_document(
    kind: OperationKind, mode: RollbackMode, selection: Selection, undoes: int
) -> json_models.OperationDocument:
    is_single = len(selection.batches) == 1 and kind is OperationKind.ROLLBACK
    return json_models.OperationDocument(
        id=None,
        kind=kind.value,
        mode=mode.value,
        batch=selection.batches[0] if is_single else None,
        batches=selection.batches,
        undoes=undoes or None,
        status="planned",
        changes=selection.changes,
        paths=tuple(map(json_models.json_path, selection.paths)),
        branch="",
        files=(),
    )


def operations_document(
    operations: Sequence[Operation], interrupted: int = 0, restorations: Sequence[Restoration] = ()
) -> json_models.OperationsDocument:
    """Return a list of operations, and of restorations from backups.

    Args:
        operations: newest first.
        interrupted: number of the operation that was interrupted in this work tree; 0 for none.
        restorations: newest first.
    """
    return json_models.OperationsDocument(
        operations=tuple(operation_document(each, is_interrupted=each.id == interrupted) for each in operations),
        from_backups=tuple(
            json_models.FromBackupDocument(
                number=each.number, batch=each.batch or None, undoes=each.undoes or None, status=each.status
            )
            for each in restorations
        ),
    )


def record_document(result: RecordResult, analysis: Analysis | None = None) -> json_models.RecordDocument:
    """Return a recorded change, and the analysis of the batch that it filled."""
    count = result.count
    return json_models.RecordDocument(
        change=json_models.change_document(result.change, result.edits) if result.change else None,
        batch=count.batch,
        size=count.quota.size,
        unit=count.quota.unit.value,
        filled=count.filled,
        full=tuple(count.sealed),
        unchanged=tuple(map(json_models.json_path, result.untouched)),
        omitted={json_models.json_path(path): size for path, size in result.omitted.items()},
        analysis=json_models.analysis_document(analysis) if analysis else None,
    )


def watch_document(event: WatchEvent) -> json_models.WatchDocument:
    """Return an event of a watch session."""
    count, result, analysis = event.count, event.recorded, event.analysis
    change = result.change if result else event.commit
    return json_models.WatchDocument(
        event=event.kind.value,
        at=iso_time(event.at),
        message=escape_surrogates(one_line(event.message)),
        hint=escape_surrogates(one_line(event.hint)),
        change=json_models.change_document(change, result.edits if result else ()) if change else None,
        batch=count.batch if count else None,
        size=count.quota.size if count else None,
        unit=count.quota.unit.value if count else None,
        filled=count.filled if count else None,
        full=tuple(count.sealed) if count else (),
        verdict_batch=analysis.batch.id if analysis else None,
        verdict=analysis.verdict.value if analysis else None,
        totals=json_models.totals_document(analysis.result.totals) if analysis else None,
        culprits=tuple(group_by_culprit(analysis.attributions)) if analysis else (),
    )


def doctor_document(checks: Sequence[HealthCheck]) -> json_models.DoctorDocument:
    """Return the checks of ``doctor``."""
    return json_models.DoctorDocument(
        ok=all(check.ok for check in checks), checks=tuple(map(json_models.CheckDocument.model_validate, checks))
    )


def engines_document(listed: EngineList) -> json_models.EnginesDocument:
    """Return what can run tests."""
    return json_models.EnginesDocument(
        engines=tuple(map(json_models.EngineDocument.model_validate, listed.entries)), problems=dict(listed.problems)
    )


def backups_document(manifests: Sequence[BackupManifest]) -> json_models.BackupsDocument:
    """Return verified backups."""
    return json_models.BackupsDocument(backups=tuple(map(json_models.BackupDocument.model_validate, manifests)))


def report_document(number: int, files: Mapping[str, Path]) -> json_models.ReportDocument:
    """Return the paths of a batch's reports, by their names."""
    paths = {name: json_models.json_path(str(path)) for name, path in files.items()}
    return json_models.ReportDocument(batch=number, page=paths[filenames.page(number)], files=paths)


def export_document(result: ExportResult) -> json_models.ExportDocument:
    """Return the files of an export."""
    files = tuple(json_models.json_path(str(path.relative_to(result.folder))) for path in result.files)
    return json_models.ExportDocument(
        folder=json_models.json_path(str(result.folder)), batches=result.batches, files=files
    )


def site_document(result: SiteResult) -> json_models.ExportDocument:
    """Return the files of a static site."""
    return json_models.ExportDocument(
        folder=json_models.json_path(str(result.folder)), batches=result.batches, files=result.files
    )


def install_document(installation: Installation) -> json_models.InstallDocument:
    """Return the result of an installation."""
    folder = json_models.json_path(str(installation.folder))
    archive = json_models.json_path(str(installation.imported.archive)) if installation.imported else ""
    return json_models.InstallDocument(
        folder=folder,
        written=installation.written,
        chained=installation.chained,
        is_new=installation.is_new,
        imported_from=archive,
        original=json_models.json_path(str(installation.original)) if installation.original else "",
        run_by=json_models.json_path(installation.run_by),
        python=json_models.json_path(str(installation.python.path)) if installation.python else "",
        suites=tuple(map(_suite_document, installation.suites)),
    )


def _suite_document(outlook: SuiteOutlook) -> json_models.InstallSuiteDocument:
    suite, problem = outlook.preview, outlook.problem
    collection = suite.collection if suite else None
    is_missing = suite is not None and suite.choice.is_pytest_missing
    return json_models.InstallSuiteDocument(
        name=outlook.name,
        engine=suite.choice.engine.value if suite else "",
        reasons=suite.choice.reasons if suite else (),
        tests=collection.tests if collection else None,
        files=collection.files if collection else None,
        unrun=json_models.unrun_document(suite.unrun) if suite else None,
        problem=suite.missing if suite and is_missing else problem.message if problem else "",
        hint=suite.next_step if suite and (is_missing or suite.unrun) else problem.hint if problem else "",
    )


def uninstall_document(removed: Sequence[str]) -> json_models.UninstallDocument:
    """Return the hooks that were removed."""
    return json_models.UninstallDocument(removed=tuple(removed))


def ack_document(number: int) -> json_models.AckDocument:
    """Return an acknowledgement."""
    return json_models.AckDocument(acknowledged=number)


def notify_document(deliveries: Sequence[Delivery]) -> json_models.NotifyDocument:
    """Return the deliveries of a test notification."""
    return json_models.NotifyDocument(
        sent=tuple(
            json_models.DeliveryDocument(to=delivery.destination.name, problem=delivery.problem)
            for delivery in deliveries
        )
    )
