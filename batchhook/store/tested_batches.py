"""The tested batches of the history, to learn from: their changes, what ran, and what broke it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.culprits.attribution import Attribution, AttributionKind
from batchhook.core.prediction.history import ChangeFacts, TestedBatch
from batchhook.core.results import FAILURES, Outcome
from batchhook.store import attributions, batches
from batchhook.store.database import Database

Churn = Callable[[Sequence[str]], Mapping[str, Mapping[str, int]]]
"""Counts the lines that changes touched: oid -> path -> lines. It may leave out changes that do not exist any more."""

_SETTLED = (AttributionKind.CULPRIT, AttributionKind.INTRODUCED, AttributionKind.PRE_EXISTING, AttributionKind.FLAKY)


def load(database: Database, churn: Churn, most_changes: int) -> list[TestedBatch]:
    """Return the latest batches whose whole suite ran and whose search for culprits has ended, oldest first.

    Args:
        database: of the repository.
        churn: counts lines.
        most_changes: after so many no further batch is read.
    """
    selected: list[tuple[Batch, int]] = []
    query = (
        "SELECT batches.id, run_id FROM batches JOIN runs ON runs.id = run_id WHERE status IN (?, ?, ?)"
        " AND is_complete AND broken_reason = '' ORDER BY batches.id DESC LIMIT ?"
    )
    ended = (BatchStatus.MEASURING.value, BatchStatus.CLOSING.value, BatchStatus.FINISHED.value)
    count = 0
    for row in database.rows(query, *ended, most_changes):
        if count >= most_changes:
            break
        batch = batches.load(database, row["id"])
        selected.append((batch, row["run_id"]))
        count += len(batch.changes)
    lines = churn([change.oid for batch, _ in selected for change in batch.changes])
    return [_load_batch(database, batch, run, lines) for batch, run in reversed(selected)]


def _load_batch(database: Database, batch: Batch, run: int, lines: Mapping[str, Mapping[str, int]]) -> TestedBatch:
    edits = batches.load_edits(database, batch.id)
    changes = tuple(
        ChangeFacts(
            oid=change.oid,
            subject=change.subject,
            committed_at=change.committed_at,
            lines=lines.get(change.oid) or {edit.path: 1 for edit in edits.get(change.oid, ())},
            is_merge=len(change.parents) > 1,
        )
        for change in batch.changes
    )
    seconds, failing = _load_outcomes(database, run)
    by_test = attributions.load_by_test_id(database, batch.id)
    return TestedBatch(
        number=batch.id,
        changes=changes,
        seconds=seconds,
        failing=failing,
        culprits={test: each.culprit for test, each in by_test.items() if test in failing and each.culprit},
        flaky=frozenset(test for test, each in by_test.items() if each.kind is AttributionKind.FLAKY) & failing,
        unclear=frozenset(test for test in failing if not _is_settled(by_test.get(test))),
    )


def _is_settled(attribution: Attribution | None) -> bool:
    return attribution is not None and attribution.kind in _SETTLED


def _load_outcomes(database: Database, run: int) -> tuple[dict[str, float], frozenset[str]]:
    """Return the seconds of each test that ran, and the tests that failed."""
    query = (
        "SELECT name, value, microseconds / 1e6 AS seconds FROM outcomes JOIN tests ON tests.id = test_id"
        " JOIN strings ON strings.id = outcome WHERE run_id = ? AND value <> ?"
    )
    rows = database.rows(query, run, Outcome.SKIPPED.value)
    failures = {outcome.value for outcome in FAILURES}
    return {row["name"]: row["seconds"] for row in rows}, frozenset(
        row["name"] for row in rows if row["value"] in failures
    )
