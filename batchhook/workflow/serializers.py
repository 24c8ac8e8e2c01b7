"""Documents of what the use cases give: for ``--json`` and for the Python API, which so never differ.

What is made of core's types alone is made in ``report/documents``; here is what needs more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from batchhook.core.changes import FileEdit
from batchhook.core.culprits.attribution import by_change
from batchhook.core.operations import Kind, Operation
from batchhook.core.results import Run
from batchhook.core.revert_check import Proof
from batchhook.core.rollback import Mode, Selection
from batchhook.core.sanitize import encodable, one_line
from batchhook.core.verdict import Verdict
from batchhook.report import json_models
from batchhook.report.files import filenames
from batchhook.report.json_models import analysis_document
from batchhook.store.baselines import Baseline
from batchhook.workflow.baseline import Measured
from batchhook.workflow.manual_run import Tested
from batchhook.workflow.status.analyze import Entry, Status

if TYPE_CHECKING:
    from pathlib import Path

    from batchhook.core.analysis import Analysis
    from batchhook.store.backups import Manifest
    from batchhook.store.restorations import Restoration
    from batchhook.workflow.notify.notifications import Sent
    from batchhook.workflow.recording.record import Recorded
    from batchhook.workflow.reports.export import Exported
    from batchhook.workflow.restore.plan import Plan as CopiesPlan
    from batchhook.workflow.rollback.request import Plan
    from batchhook.workflow.setup.doctor import Check
    from batchhook.workflow.setup.install import Installed
    from batchhook.workflow.status.wait import UnderWay
    from batchhook.workflow.watching.events import News

__all__ = [
    "ack_document",
    "analysis_document",
    "baseline_document",
    "doctor_document",
    "export_document",
    "installed_document",
    "log_document",
    "measured_document",
    "notified_document",
    "operation_document",
    "operations_document",
    "plan_document",
    "recorded_document",
    "report_document",
    "restored_document",
    "show_document",
    "status_document",
    "tested_document",
    "under_way_document",
    "uninstalled_document",
    "watch_document",
]


def status_document(found: Status) -> json_models.StatusDocument:
    """Where everything stands."""
    shown = json_models.batch_document(found.count.as_batch(), {}) if found.count else None
    return json_models.StatusDocument(
        open=shown,
        under_way=tuple(map(under_way_document, found.under_way)),
        latest=tuple(map(_entry, found.latest)),
        unseen=tuple(found.unseen),
        critical=found.critical,
        interrupted=found.cut_short.id if found.cut_short else None,
    )


def under_way_document(found: UnderWay) -> json_models.UnderWayDocument:
    """How far a batch is."""
    return json_models.under_way_document(found.batch, found.verdict, found.progress)


def log_document(entries: Sequence[Entry]) -> json_models.LogDocument:
    """Batches in a list."""
    return json_models.LogDocument(batches=tuple(map(_entry, entries)))


def show_document(entry: Entry, edits: Mapping[str, tuple[FileEdit, ...]]) -> json_models.EntryDocument:
    """One batch, with the files that its changes touched, by commit name."""
    return _entry(entry).model_copy(update={"batch": json_models.batch_document(entry.batch, dict(edits))})


def _entry(entry: Entry) -> json_models.EntryDocument:
    return json_models.entry_document(entry.batch, entry.verdict, entry.totals)


def tested_document(done: Tested, verdict: Verdict) -> json_models.TestDocument:
    """A run by hand."""
    return json_models.test_document(done.commit, done.run, verdict, done.flips, remembered=done.remembered)


def baseline_document(baseline: Baseline, run: Run) -> json_models.BaselineDocument:
    """The baseline, with what its run came to."""
    return json_models.BaselineDocument(
        oid=baseline.oid,
        set_at=baseline.set_at,
        forced=baseline.forced,
        totals=json_models.totals_document(run.outcome.totals),
    )


def measured_document(found: Measured, verdict: Verdict) -> json_models.BaselineComparisonDocument:
    """A commit beside the baseline."""
    return json_models.BaselineComparisonDocument(
        oid=found.oid,
        baseline=found.baseline.oid,
        verdict=verdict.value,
        totals=json_models.totals_document(found.run.outcome.totals),
        compared=json_models.ComparedDocument.model_validate(found.compared),
    )


def plan_document(
    plan: Plan, operation: Operation | None = None, proof: Proof | None = None
) -> json_models.OperationDocument:
    """A way back: planned, or, with its operation, gone."""
    target = plan.target
    head = None if plan.commit_tree else plan.then.head
    return _operation_document(target.kind, target.mode, target.selection, target.undoes).model_copy(
        update={
            "id": operation.id if operation else None,
            "status": operation.status.value if operation else "planned",
            "branch": json_models.shown(plan.branch),
            "head": operation.head if operation else head,
            "leaving": tuple(commit.oid for commit in plan.leaving),
            "aside": tuple(map(json_models.shown, plan.aside)),
            "stash": operation.stash if operation else target.stash,
            "proof": json_models.ProofDocument.model_validate(proof) if proof else None,
            "files": json_models.fate_documents(plan.files),
            "diff": encodable(plan.diff),
        }
    )


def restored_document(plan: CopiesPlan, diff: str, done: Restoration | None = None) -> json_models.RestorationDocument:
    """Files taken from copies: planned, or done."""
    return json_models.RestorationDocument(
        number=done.number if done else None,
        batch=plan.batch or None,
        undoes=plan.undoes or None,
        status=done.status if done else "planned",
        files=json_models.fate_documents(plan.files),
        left=tuple(
            json_models.LeftDocument(path=json_models.shown(path), reason=reason) for path, reason in plan.left.items()
        ),
        changed_since=tuple(map(json_models.shown, plan.changed_since)),
        diff=encodable(diff),
    )


def operation_document(operation: Operation, *, is_cut_short: bool = False) -> json_models.OperationDocument:
    """An operation as it is remembered: without what became of each file."""
    return _operation_document(operation.kind, operation.mode, operation.selection, operation.undoes).model_copy(
        update={
            "id": operation.id,
            "status": "interrupted" if is_cut_short else operation.status.value,
            "branch": json_models.shown(operation.branch.removeprefix("refs/heads/")),
            "head": operation.head or None,
            "stash": operation.stash,
        }
    )


def _operation_document(kind: Kind, mode: Mode, selection: Selection, undoes: int) -> json_models.OperationDocument:
    one = selection.batches[0] if len(selection.batches) == 1 and kind is Kind.ROLLBACK else None
    return json_models.OperationDocument(
        id=None,
        kind=kind.value,
        mode=mode.value,
        batch=one,
        batches=selection.batches,
        undoes=undoes or None,
        status="planned",
        changes=selection.changes,
        paths=tuple(map(json_models.shown, selection.paths)),
        branch="",
        files=(),
    )


def operations_document(
    operations: Sequence[Operation], cut_short: int = 0, by_copies: Sequence[Restoration] = ()
) -> json_models.OperationsDocument:
    """Operations in a list; ``cut_short`` is the number of the one that was interrupted here."""
    return json_models.OperationsDocument(
        operations=tuple(operation_document(each, is_cut_short=each.id == cut_short) for each in operations),
        from_backups=tuple(
            json_models.FromBackupDocument(
                number=one.number, batch=one.batch or None, undoes=one.undoes or None, status=one.status
            )
            for one in by_copies
        ),
    )


def recorded_document(done: Recorded, found: Analysis | None = None) -> json_models.RecordDocument:
    """What came of recording a change, and of the run that was waited for."""
    count = done.count
    return json_models.RecordDocument(
        change=json_models.change_document(done.change, done.edits) if done.change else None,
        batch=count.batch,
        size=count.fill.size,
        unit=count.fill.unit.value,
        filled=count.filled,
        full=tuple(count.sealed),
        untouched=tuple(map(json_models.shown, done.untouched)),
        analysis=analysis_document(found) if found else None,
    )


def watch_document(news: News) -> json_models.WatchDocument:
    """Something that happened while files were watched."""
    count, done, found = news.count, news.recorded, news.analysis
    change = done.change if done else news.commit
    return json_models.WatchDocument(
        event=news.kind.value,
        at=json_models.iso_time(news.at),
        said=encodable(one_line(news.said)),
        hint=encodable(one_line(news.hint)),
        change=json_models.change_document(change, done.edits if done else ()) if change else None,
        batch=count.batch if count else None,
        size=count.fill.size if count else None,
        unit=count.fill.unit.value if count else None,
        filled=count.filled if count else None,
        full=tuple(count.sealed) if count else (),
        of=found.batch.id if found else None,
        verdict=found.verdict.value if found else None,
        totals=json_models.totals_document(found.outcome.totals) if found else None,
        culprits=tuple(by_change(found.attributions)) if found else (),
    )


def doctor_document(checks: Sequence[Check]) -> json_models.DoctorDocument:
    """What was looked at, and whether all is well."""
    shown = tuple(json_models.CheckDocument.model_validate(check) for check in checks)
    return json_models.DoctorDocument(ok=all(check.ok for check in checks), checks=shown)


def backups_document(manifests: Sequence[Manifest]) -> json_models.BackupsDocument:
    """Backups that were read."""
    return json_models.BackupsDocument(backups=tuple(map(json_models.BackupDocument.model_validate, manifests)))


def report_document(number: int, files: Mapping[str, Path]) -> json_models.ReportDocument:
    """A batch's own files, by their names."""
    shown = {name: json_models.shown(str(path)) for name, path in files.items()}
    return json_models.ReportDocument(batch=number, page=shown[filenames.page(number)], files=shown)


def export_document(done: Exported) -> json_models.ExportDocument:
    """What was written into a folder."""
    files = tuple(json_models.shown(str(path.relative_to(done.folder))) for path in done.files)
    return json_models.ExportDocument(folder=json_models.shown(str(done.folder)), batches=done.batches, files=files)


def installed_document(done: Installed) -> json_models.InstalledDocument:
    """What an installation did."""
    folder = json_models.shown(str(done.folder))
    left = json_models.shown(str(done.taken_over.left)) if done.taken_over else ""
    return json_models.InstalledDocument(
        folder=folder, written=done.written, chained=done.chained, is_new=done.is_new, taken_over=left
    )


def uninstalled_document(removed: Sequence[str]) -> json_models.UninstalledDocument:
    """The hooks that were taken out."""
    return json_models.UninstalledDocument(removed=tuple(removed))


def ack_document(number: int) -> json_models.AckDocument:
    """A batch that is taken as it is."""
    return json_models.AckDocument(acknowledged=number)


def notified_document(sent: Sequence[Sent]) -> json_models.NotifiedDocument:
    """How it went with a notification."""
    return json_models.NotifiedDocument(
        sent=tuple(json_models.SentDocument(to=one.destination.name, problem=one.problem) for one in sent)
    )
