"""Notifications of finished batches and operations: short, bounded, and ending in the command to run next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batchhook.core.analysis import Analysis
from batchhook.core.comparison import Comparison
from batchhook.core.operations import Operation, OperationKind
from batchhook.core.perf import slowdown
from batchhook.core.sanitize import one_line
from batchhook.core.settings import NotifyEvent
from batchhook.core.test_ids import display_name
from batchhook.core.verdict import Verdict, summarize_verdict

_MAX_CULPRITS, _MAX_TESTS, _MAX_CHARACTERS, _OID_DIGITS = 5, 5, 150, 8
_EVENT_OF_VERDICT = {
    Verdict.CRITICAL: NotifyEvent.CRITICAL,
    Verdict.FAILED: NotifyEvent.FAILED,
    Verdict.REGRESSED: NotifyEvent.REGRESSED,
    Verdict.KNOWN_FAILURES: NotifyEvent.KNOWN_FAILURES,
    Verdict.BROKEN: NotifyEvent.BROKEN,
    Verdict.PASSED: NotifyEvent.PASSED,
}
_KIND_OF_EVENT = {
    NotifyEvent.CRITICAL: "failure",
    NotifyEvent.FAILED: "failure",
    NotifyEvent.REGRESSED: "warning",
    NotifyEvent.BROKEN: "warning",
    NotifyEvent.KNOWN_FAILURES: "info",
    NotifyEvent.FIXED: "success",
    NotifyEvent.PASSED: "success",
}


@dataclass(frozen=True, slots=True)
class Notification:
    """Title and body of a notification; ``kind`` is an apprise notification type."""

    title: str
    body: str
    kind: str = "info"


def notification_event(verdict: Verdict, previous: Verdict | None, changes: Comparison | None = None) -> NotifyEvent:
    """Return the event of a finished batch.

    Args:
        verdict: of the batch.
        previous: verdict of the batch before it on its branch.
        changes: differences from that batch; None if they are unknown.
    """
    had_failures = previous in {Verdict.FAILED, Verdict.CRITICAL, Verdict.KNOWN_FAILURES}
    is_excused = (
        had_failures and changes is not None and not (changes.fixed or changes.removed or changes.newly_skipped)
    )
    if verdict is Verdict.PASSED and previous not in {None, Verdict.PASSED} and not is_excused:
        return NotifyEvent.FIXED
    return _EVENT_OF_VERDICT[verdict]


def batch_notification(analysis: Analysis, event: NotifyEvent, project: str, *, messages: bool) -> Notification:
    """Return the notification of a finished batch.

    Args:
        analysis: of the batch.
        event: from ``notification_event``.
        project: display name of the project.
        messages: whether to include the messages of failing tests, which may be confidential.
    """
    number = analysis.batch.id
    verdict = one_line(summarize_verdict(analysis.verdict, analysis.result), _MAX_CHARACTERS)
    lines = list(_failure_lines(analysis, messages=messages))
    if slowdowns := slowdown.summarize_slowdowns(analysis.confirmed_slowdowns):
        lines.append(slowdowns)
    if analysis.result.hint and (analysis.result.unrun or analysis.result.has_no_tests):
        lines.append(one_line(analysis.result.hint, _MAX_CHARACTERS))
    if not analysis.verdict.is_good:
        lines.append(f"batchhook analyze {number}")
        lines += [f"batchhook rollback {number} --culprit"] if analysis.culprits and not analysis.rollback else []
    else:
        branch = one_line(analysis.batch.branch.removeprefix("refs/heads/"), _MAX_CHARACTERS)
        lines.append(f"{branch} is at {analysis.batch.head[:_OID_DIGITS]}.")
    title = f"{one_line(project, 40)}: batch {number} {verdict}"
    return Notification(title, "\n".join(lines), _KIND_OF_EVENT[event])


def _failure_lines(analysis: Analysis, *, messages: bool) -> Iterator[str]:
    for change, tests in analysis.culprits[:_MAX_CULPRITS]:
        subject, author = one_line(change.subject, _MAX_CHARACTERS), _author_name(change.author)
        yield f"{change.oid[:_OID_DIGITS]} {subject} ({author}): broke {_count(len(tests), 'test')}"
    if len(analysis.culprits) > _MAX_CULPRITS:
        yield f"and {_count(len(analysis.culprits) - _MAX_CULPRITS, 'more change')}"
    for result in analysis.failures[:_MAX_TESTS]:
        error = f": {one_line(f'{result.error_type}: {result.message}', _MAX_CHARACTERS)}" if messages else ""
        yield f"- {one_line(display_name(result.test_id, result.traceback), _MAX_CHARACTERS)}{error}"
    if len(analysis.failures) > _MAX_TESTS:
        yield f"and {_count(len(analysis.failures) - _MAX_TESTS, 'more test')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _author_name(author: str) -> str:
    return one_line(author.partition("<")[0], 60) or "unknown author"


def operation_notification(operation: Operation, project: str) -> Notification:
    """Return the notification of a rollback, undo or redo in a project of that name."""
    if operation.kind is OperationKind.ROLLBACK:
        event = f"{operation.selection.full_description} was rolled back"
    else:
        event = f"operation {operation.undoes} was {operation.kind.value}ne"
    reversal = "batchhook redo" if operation.kind is OperationKind.UNDO else "batchhook undo"
    title = f"{one_line(project, 40)}: {event}"
    return Notification(title, f"That was operation {operation.id}.\n{reversal}")
