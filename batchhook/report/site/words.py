"""Words and marks of the pages: each state has a word and a mark, so that its colour is never alone."""

from __future__ import annotations

import time

from batchhook.core.batch import BatchStatus
from batchhook.core.culprits.attribution import AttributionKind
from batchhook.core.operations import OperationStatus
from batchhook.core.plural import plural
from batchhook.core.progress import MEASURING, SEARCHING, Progress, format_clock
from batchhook.core.rollback import FileAction
from batchhook.core.test_ids import NODE_SEPARATOR
from batchhook.core.views.batch_rows import BatchRow
from batchhook.core.views.operations import OperationRow

MARKS = {
    "passed": "✓",
    "known-failures": "≈",
    "regressed": "◷",
    "failed": "✗",
    "critical": "‼",
    "broken": "?",
    "errored": "✗",
    "crashed": "✗",
    "timed out": "✗",
    "unexpected success": "✗",
    "xpassed": "✓",
    "expected failure": "✓",
    "skipped": "-",
    "parallel": "∥",
    "absent": "·",
    "open": "…",
}
"""Marks of verdicts and outcomes; a stage has that of ``open``."""

STATES = {
    "known-failures": "known failures only",
    "open": "filling",
    BatchStatus.SEALED.value: "waiting for its tests",
    BatchStatus.RUNNING.value: "being tested",
    BatchStatus.SEARCHING.value: "culprits are being searched",
    BatchStatus.MEASURING.value: "slowdowns are being measured",
    BatchStatus.CLOSING.value: "being finished",
    "broken": "could not be tested",
    "parallel": "failed only in parallel",
    "absent": "did not exist",
}
"""Words for states that are not their own."""

KINDS = {
    AttributionKind.CULPRIT: "broken by a change",
    AttributionKind.INTRODUCED: "introduced failing",
    AttributionKind.PRE_EXISTING: "failed before",
    AttributionKind.FLAKY: "flaky",
    AttributionKind.AMBIGUOUS: "unknown",
}

ACTIONS = {
    FileAction.RESTORED: "restored",
    FileAction.MERGED: "merged: other edits are kept",
    FileAction.RECREATED: "recreated",
    FileAction.DELETED: "deleted",
}

LETTERS = {"A": "added", "M": "modified", "D": "deleted", "T": "type changed"}


def mark(state: str) -> str:
    """Return the mark of a verdict, an outcome or a stage."""
    return MARKS.get(state, "…")


def word(state: str) -> str:
    """Return the words for a verdict, an outcome or a stage."""
    return STATES.get(state, state)


def branch(name: str) -> str:
    """Return a branch's short name, or that there is none."""
    return name.removeprefix("refs/heads/") if name.startswith("refs/") else "detached HEAD"


def seconds(value: float) -> str:
    """Return a duration as short as it can be read: ``340 ms``, ``2.50 s``, ``3:05 min``."""
    if value < 1:
        return f"{1000 * value:.1f} ms" if value < 0.01 else f"{1000 * value:.0f} ms"  # noqa: PLR2004 - ten milliseconds
    return f"{value:.2f} s" if value < 60 else f"{format_clock(value)} min"  # noqa: PLR2004 - a minute


def when(at: float) -> str:
    """Return a time to the minute, where this machine is; empty for 0."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if at else ""


def describe_row(row: BatchRow) -> str:
    """Return a batch in a sentence, for readers that do not see the strip."""
    parts = [f"batch {row.number}, {word(row.state)}"]
    if row.totals is not None and row.totals.tests:
        parts.append(f"{row.totals.failures} of {plural(row.totals.tests, 'test')} failed")
    parts.append(plural(row.change_count, "change"))
    culprits = [cell.oid[:8] for cell in row.changes if cell.is_culprit]
    if culprits:
        parts.append(f"broken by {', '.join(culprits)}")
    if row.rollback:
        parts.append(row.rollback.summary)
    return "; ".join(parts)


def describe_progress(progress: Progress) -> str:
    """Return what goes on in a sentence, without a full stop."""
    parts = [progress.stage]
    if progress.total:
        noun = {SEARCHING: "solved", MEASURING: "settled"}.get(progress.stage, "done")
        parts.append(f"{progress.done} of {progress.total} {noun}")
    if progress.seconds_left is not None:
        parts.append(f"about {format_clock(progress.seconds_left)} left")
    return ", ".join(parts)


def operation_status(row: OperationRow) -> str:
    """Return how an operation stands today."""
    if row.is_interrupted:
        return "interrupted"
    if row.operation.status is not OperationStatus.DONE:
        return str(row.operation.status.value)
    if row.is_effective:
        return "in effect"
    return f"taken back by operation {row.taken_back_by}" if row.taken_back_by else "taken back"


def short_test(name: str) -> tuple[str, str]:
    """Return what a test is called, and where it stands: ``test_sum`` and ``tests/test_money.py``."""
    base, bracket, parameters = name.partition("[")
    separator = NODE_SEPARATOR if NODE_SEPARATOR in base else "."
    place, _, last = base.rpartition(separator)
    return f"{last}{bracket}{parameters}", place
