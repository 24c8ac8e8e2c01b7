"""Things that want attention, the most urgent first: for the overview page and ``status``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from batchhook.core.operations import BatchRollback
from batchhook.core.plural import plural
from batchhook.core.views.batch_rows import BatchRow
from batchhook.core.views.overview import AttentionItem, Urgency, by_urgency, urgency_of
from batchhook.store import critical_failures, integration_errors
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.project import Project


def list_attention(
    project: Project, recent: Iterable[BatchRow], rollbacks: Mapping[int, BatchRollback]
) -> tuple[AttentionItem, ...]:
    """Return what wants attention.

    Args:
        project: the repository.
        recent: its latest batches, newest first.
        rollbacks: in effect, by batch.
    """
    return by_urgency([*_operations(project), *_critical(project), *_batches(recent, rollbacks), *_errors(project)])


def _operations(project: Project) -> Iterator[AttentionItem]:
    operation = interrupted.find(project.database, project.location)
    if operation is not None:
        message, _ = interrupted.describe(operation)
        command = f"batchhook operations finish {operation.id}"
        yield AttentionItem(Urgency.INTERRUPTED, message, operation=operation.id, command=command)


def _critical(project: Project) -> Iterator[AttentionItem]:
    for branch, batch in critical_failures.list_unresolved(project.database).items():
        text = f"batch {batch} on {branch.removeprefix('refs/heads/')} failed critically, and nothing was done about it"
        yield AttentionItem(Urgency.CRITICAL, text, batch, command=f"batchhook analyze {batch}")


def _batches(recent: Iterable[BatchRow], rollbacks: Mapping[int, BatchRollback]) -> Iterator[AttentionItem]:
    """Yield the latest batch of each branch, if it did not pass; a critical one is another item."""
    settled: set[str] = set()
    for row in recent:
        if row.verdict is None or row.totals is None or row.branch in settled:
            continue
        settled.add(row.branch)
        urgency = urgency_of(row.verdict)
        if urgency is None or urgency is Urgency.CRITICAL or row.number in rollbacks:
            continue
        effect = {
            Urgency.FAILED: f"has {plural(row.totals.failures, 'failing test')}",
            Urgency.REGRESSED: "made tests slower",
            Urgency.UNTESTED: "could not be tested",
        }[urgency]
        yield AttentionItem(
            urgency, f"batch {row.number} {effect}", row.number, command=f"batchhook analyze {row.number}"
        )


def _errors(project: Project) -> Iterator[AttentionItem]:
    for error in integration_errors.list_current(project.database):
        yield AttentionItem(Urgency.REMARK, error, command="batchhook doctor")
