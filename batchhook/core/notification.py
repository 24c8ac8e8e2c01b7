"""What somebody elsewhere is told in a notification: short, bounded, and what to type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batchhook.core.analysis import Analysis
from batchhook.core.operations import Kind, Operation
from batchhook.core.perf import slowdown
from batchhook.core.sanitize import one_line
from batchhook.core.settings import NotifyEvent
from batchhook.core.verdict import Verdict, summary

_MOST_CULPRITS, _MOST_TESTS, _MOST_CHARACTERS, _OID = 5, 5, 150, 8
_OF_VERDICT = {
    Verdict.CRITICAL: NotifyEvent.CRITICAL,
    Verdict.FAILED: NotifyEvent.FAILED,
    Verdict.REGRESSED: NotifyEvent.REGRESSED,
    Verdict.BROKEN: NotifyEvent.BROKEN,
    Verdict.PASSED: NotifyEvent.PASSED,
}
_KINDS = {
    NotifyEvent.CRITICAL: "failure",
    NotifyEvent.FAILED: "failure",
    NotifyEvent.REGRESSED: "warning",
    NotifyEvent.BROKEN: "warning",
    NotifyEvent.FIXED: "success",
    NotifyEvent.PASSED: "success",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A notification: a line, some more of them, and its kind in apprise's words."""

    title: str
    body: str
    kind: str = "info"


def event_of(verdict: Verdict, before: Verdict | None) -> NotifyEvent:
    """Which event a batch's end is; ``before`` is the verdict of the batch before on its branch, if there is one."""
    if verdict.is_good and before is not None and not before.is_good:
        return NotifyEvent.FIXED
    return _OF_VERDICT[verdict]


def about_batch(analysis: Analysis, event: NotifyEvent, name: str, *, messages: bool) -> Message:
    """Tell of a batch's end.

    Args:
        analysis: all that is known of it.
        event: which it is.
        name: what the project is called.
        messages: whether to tell what failing tests said, too: that may hold what is nobody's business.
    """
    number = analysis.batch.id
    said = one_line(summary(analysis.verdict, analysis.outcome), _MOST_CHARACTERS)
    title = f"{one_line(name, 40)}: batch {number} {said}"
    slower = slowdown.summary(analysis.slower)
    lines = [*_what_broke(analysis, messages=messages), *([slower] if slower else [])]
    if not analysis.verdict.is_good:
        lines.append(f"batchhook analyze {number}")
        lines += [f"batchhook rollback {number} --culprit"] if analysis.blamed else []
    else:
        branch = one_line(analysis.batch.branch.removeprefix("refs/heads/"), _MOST_CHARACTERS)
        lines.append(f"{branch} is at {analysis.batch.head[:_OID]}.")
    return Message(title, "\n".join(lines), _KINDS[event])


def _what_broke(analysis: Analysis, *, messages: bool) -> Iterator[str]:
    for change, tests in analysis.blamed[:_MOST_CULPRITS]:
        broke = f"broke {len(tests)} {'test' if len(tests) == 1 else 'tests'}"
        yield f"{change.oid[:_OID]} {one_line(change.subject, _MOST_CHARACTERS)} ({_author(change.author)}): {broke}"
    if len(analysis.blamed) > _MOST_CULPRITS:
        yield f"and {len(analysis.blamed) - _MOST_CULPRITS} more changes"
    for result in analysis.failures[:_MOST_TESTS]:
        said = f": {one_line(f'{result.error_type}: {result.message}', _MOST_CHARACTERS)}" if messages else ""
        yield f"- {one_line(result.test_id, _MOST_CHARACTERS)}{said}"
    if len(analysis.failures) > _MOST_TESTS:
        yield f"and {len(analysis.failures) - _MOST_TESTS} more tests"


def _author(author: str) -> str:
    """A name without its address."""
    return one_line(author.partition("<")[0], 60) or "nobody"


def about_operation(operation: Operation, name: str) -> Message:
    """What is said of a rollback, an undo or a redo in a repository of that name."""
    is_rollback = operation.kind is Kind.ROLLBACK
    what = operation.selection.whence if is_rollback else f"operation {operation.undoes}"
    what = f"{what} was {'rolled back' if is_rollback else f'{operation.kind.value}ne'}"
    back = "batchhook redo" if operation.kind is Kind.UNDO else "batchhook undo"
    number = operation.id
    return Message(f"{one_line(name, 40)}: {what}", f"That was operation {number}.\n{back}")
