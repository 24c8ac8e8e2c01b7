"""Rows about the culprit search: the attribution of each failing test of a batch, with its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from batchhook.core.batch import BatchStatus
from batchhook.core.culprits.attribution import Attribution, AttributionKind, Observation, ProbeOutcome
from batchhook.core.culprits.priors import FailureHistory
from batchhook.core.events import EventKind
from batchhook.core.sanitize import escape_surrogates
from batchhook.core.verdict import Verdict
from batchhook.store import events
from batchhook.store.database import Database

_NO_SUSPECT = -1


def finish_search(
    database: Database,
    batch: int,
    revisions: Sequence[str],
    attributions: Mapping[tuple[str, str], Attribution],
    verdict: Verdict,
) -> None:
    """Store the result of a search in one transaction, and move the batch on to measuring slowdowns.

    Does nothing unless the batch is being searched.

    Args:
        database: of the repository.
        batch: its number.
        revisions: the commits that were searched, oldest first.
        attributions: by id and module of each failing test.
        verdict: that follows from them.
    """
    positions = {oid: position for position, oid in enumerate(revisions)}
    with database.transaction() as connection:
        query = "SELECT 1 FROM batches WHERE id = ? AND status = ?"
        if database.row(query, batch, BatchStatus.SEARCHING.value) is None:
            return
        connection.executemany(
            "INSERT INTO search_revisions VALUES (?, ?, ?)",
            [(batch, position, oid) for oid, position in positions.items()],
        )
        for (name, module), attribution in attributions.items():
            _add(database, batch, (escape_surrogates(name), escape_surrogates(module)), attribution, positions)
        query = "UPDATE batches SET status = ?, verdict = ? WHERE id = ?"
        connection.execute(query, (BatchStatus.MEASURING.value, verdict.value, batch))
        events.append(database, EventKind.CULPRITS_FOUND, batch=batch)


def _add(
    database: Database, batch: int, test: tuple[str, str], attribution: Attribution, positions: Mapping[str, int]
) -> None:
    suspects = [positions[oid] for oid in attribution.suspects]
    first, last = (suspects[0], suspects[-1]) if suspects else (_NO_SUSPECT, _NO_SUSPECT)
    connection = database.connection
    connection.execute(
        "INSERT OR IGNORE INTO attributions SELECT ?, id, ?, ?, ?, ?, ? FROM tests WHERE name = ? AND module = ?",
        (batch, attribution.kind.value, attribution.confidence, first, last, attribution.reason, *test),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO evidence SELECT ?, id, ?, ?, ?, ? FROM tests WHERE name = ? AND module = ?",
        [
            (
                batch,
                positions[observation.oid],
                observation.passed,
                observation.failed,
                observation.unobserved_reason.value if observation.unobserved_reason else "",
                *test,
            )
            for observation in attribution.evidence
        ],
    )
    is_flaky = attribution.kind is AttributionKind.FLAKY
    connection.execute(
        "UPDATE tests SET flakes = flakes + ?, breaks = breaks + ?, flips = CASE WHEN ? THEN 0 ELSE flips END,"
        " order_dependence = CASE WHEN ? THEN 0 ELSE order_dependence END WHERE name = ? AND module = ?",
        (
            attribution.failure_count if is_flaky else 0,
            attribution.kind.has_culprit,
            is_flaky and attribution.reason != "",  # it depends on the order: that explains all of them
            is_flaky and not attribution.reason,  # it seemed to depend on the order, and is merely flaky
            *test,
        ),
    )


def load(database: Database, batch: int) -> dict[tuple[str, str], Attribution]:
    """Return the attributions of a batch by test id and module; empty before its search has ended."""
    query = "SELECT oid FROM search_revisions WHERE batch_id = ? ORDER BY position"
    revisions = [row["oid"] for row in database.rows(query, batch)]
    evidence: defaultdict[int, list[Observation]] = defaultdict(list)
    for row in database.rows("SELECT * FROM evidence WHERE batch_id = ? ORDER BY position", batch):
        reason = ProbeOutcome(row["unobserved_reason"]) if row["unobserved_reason"] else None
        observation = Observation(revisions[row["position"]], row["passed"], row["failed"], reason)
        evidence[row["test_id"]].append(observation)
    query = "SELECT attributions.*, name, module FROM attributions JOIN tests ON tests.id = test_id WHERE batch_id = ?"
    return {
        (row["name"], row["module"]): Attribution(
            kind=AttributionKind(row["kind"]),
            confidence=row["confidence"],
            suspects=()
            if row["first_suspect"] == _NO_SUSPECT
            else tuple(revisions[row["first_suspect"] : row["last_suspect"] + 1]),
            evidence=tuple(evidence[row["test_id"]]),
            reason=row["reason"],
        )
        for row in database.rows(query, batch)
    }


def load_by_test_id(database: Database, batch: int) -> dict[str, Attribution]:
    """Return the attributions of a batch by test id alone, as reports show them."""
    return {name: attribution for (name, _), attribution in load(database, batch).items()}


def list_with_reason(database: Database, reason: str) -> frozenset[str]:
    """Return the ids of the tests whose latest attribution gives a reason."""
    query = "SELECT name, reason FROM attributions JOIN tests ON tests.id = test_id ORDER BY batch_id"
    latest = {row["name"]: row["reason"] for row in database.rows(query)}
    return frozenset(name for name, given in latest.items() if given == reason)


def load_failure_histories(
    database: Database, tests: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], FailureHistory]:
    """Return what earlier runs and searches found about tests, by id and module; unknown tests are left out."""
    # A test that failed and passed on one tree has flaked, whether or not a search found that out.
    query = "SELECT passes, max(flakes, flips) AS flakes, breaks FROM tests WHERE name = ? AND module = ?"
    rows = {test: database.row(query, *map(escape_surrogates, test)) for test in tests}
    return {
        test: FailureHistory(row["passes"], row["flakes"], row["breaks"])
        for test, row in rows.items()
        if row is not None
    }
