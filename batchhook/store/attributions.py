"""Rows about culprits: what a batch's search found out about each failing test, and what it saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from batchhook.core.changes import BatchStatus
from batchhook.core.culprits.attribution import Attribution, Kind, Sight, Sighting
from batchhook.core.culprits.priors import Record
from batchhook.core.sanitize import encodable
from batchhook.store.database import Database

_NONE = -1


def finish(
    database: Database, batch: int, states: Sequence[str], attributions: Mapping[tuple[str, str], Attribution]
) -> None:
    """Store what a search found out, whole or not at all; a second time changes nothing.

    Next is whether something became slower.

    Args:
        database: of the repository.
        batch: its number.
        states: names of the states that were searched, oldest first.
        attributions: by id and module of each failing test.
    """
    positions = {state: position for position, state in enumerate(states)}
    with database.transaction() as connection:
        query = "SELECT 1 FROM batches WHERE id = ? AND status = ?"
        if database.row(query, batch, BatchStatus.SEARCHING.value) is None:
            return
        connection.executemany(
            "INSERT INTO search_states VALUES (?, ?, ?)",
            [(batch, position, state) for state, position in positions.items()],
        )
        for (name, module), found in attributions.items():
            _add(database, batch, (encodable(name), encodable(module)), found, positions)
        query = "UPDATE batches SET status = ? WHERE id = ?"
        connection.execute(query, (BatchStatus.MEASURING.value, batch))


def _add(
    database: Database, batch: int, test: tuple[str, str], found: Attribution, positions: Mapping[str, int]
) -> None:
    suspects = [positions[state] for state in found.suspects]
    first, last = (suspects[0], suspects[-1]) if suspects else (_NONE, _NONE)
    connection = database.connection
    connection.execute(
        "INSERT OR IGNORE INTO attributions SELECT ?, id, ?, ?, ?, ?, ? FROM tests WHERE name = ? AND module = ?",
        (batch, found.kind.value, found.confidence, first, last, found.reason, *test),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO sightings SELECT ?, id, ?, ?, ?, ? FROM tests WHERE name = ? AND module = ?",
        [
            (
                batch,
                positions[sighting.state],
                sighting.passed,
                sighting.failed,
                sighting.silence.value if sighting.silence else "",
                *test,
            )
            for sighting in found.evidence
        ],
    )
    flakes = found.failed if found.kind is Kind.FLAKY else 0
    is_plainly_flaky = found.kind is Kind.FLAKY and not found.reason
    connection.execute(
        "UPDATE tests SET flakes = flakes + ?, breaks = breaks + ?, unsteady = CASE WHEN ? THEN 0 ELSE unsteady END"
        " WHERE name = ? AND module = ?",
        (flakes, found.kind.blames, is_plainly_flaky, *test),  # it once seemed to need an order, and is just flaky
    )


def of_batch(database: Database, batch: int) -> dict[tuple[str, str], Attribution]:
    """What was found out about a batch's failing tests, by id and module; empty where nothing was, or not yet."""
    query = "SELECT oid FROM search_states WHERE batch_id = ? ORDER BY position"
    states = [row["oid"] for row in database.rows(query, batch)]
    evidence: defaultdict[int, list[Sighting]] = defaultdict(list)
    for row in database.rows("SELECT * FROM sightings WHERE batch_id = ? ORDER BY position", batch):
        silence = Sight(row["silence"]) if row["silence"] else None
        sighting = Sighting(states[row["position"]], row["passed"], row["failed"], silence)
        evidence[row["test_id"]].append(sighting)
    query = "SELECT attributions.*, name, module FROM attributions JOIN tests ON tests.id = test_id WHERE batch_id = ?"
    return {
        (row["name"], row["module"]): Attribution(
            kind=Kind(row["kind"]),
            confidence=row["confidence"],
            suspects=tuple(states[row["first"] : row["last"] + 1]) if row["first"] != _NONE else (),
            evidence=tuple(evidence[row["test_id"]]),
            reason=row["reason"],
        )
        for row in database.rows(query, batch)
    }


def by_id(database: Database, batch: int) -> dict[str, Attribution]:
    """The same by the tests' ids alone, as people and reports know them."""
    return {name: found for (name, _), found in of_batch(database, batch).items()}


def records(database: Database, tests: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Record]:
    """What earlier runs and searches tell about tests, by id and module; of those that are not known, nothing."""
    # A test that failed and passed on one tree has flaked, whether or not a search found that out.
    query = "SELECT passes, max(flakes, flips) AS flakes, breaks FROM tests WHERE name = ? AND module = ?"
    found = {test: database.row(query, *map(encodable, test)) for test in tests}
    return {test: Record(row["passes"], row["flakes"], row["breaks"]) for test, row in found.items() if row is not None}
