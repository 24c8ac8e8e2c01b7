"""Taking rows out of the database: batches with all that hangs on them, and runs that nobody needs any more.

What hangs on what is read from the schema: a row whose reference is part of its own key (or a change of a batch) goes
with what it refers to; any other reference is a use, which keeps it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from batchhook.core.operations import needed, roots
from batchhook.core.retention import Past, Step
from batchhook.store import acknowledgements, operations
from batchhook.store.database import Database

_BATCHES_AT_ONCE = 50
_RUNS_AT_ONCE = 5  # each may hold very many outcomes


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that refers to another table's rows."""

    table: str
    column: str
    is_part: bool


@dataclass(frozen=True, slots=True)
class Weight:
    """What there is, or what would go.

    Attributes:
        batches, runs, outcomes: how many.
        size: bytes that they take in the database; an estimate.
    """

    batches: int
    runs: int
    outcomes: int
    size: int


def past(database: Database) -> tuple[Past, ...]:
    """All full batches, oldest first."""
    standing = frozenset(acknowledgements.standing(database).values())
    rows = database.rows(
        "SELECT batches.id, name, opened_at, sealed_at, announced = 0 OR untold <> 0 AS queued, run_id FROM batches"
        " JOIN branches ON branches.id = branch_id WHERE status <> 'open' ORDER BY batches.id"
    )
    return tuple(
        Past(
            id=row["id"],
            branch=row["name"],
            opened_at=row["opened_at"],
            sealed_at=row["sealed_at"],
            is_queued=bool(row["queued"]),
            has_run=row["run_id"] is not None,
            is_standing=row["id"] in standing,
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class _Operation:
    """A row of the table; ``batches`` are those of the rollback, for what undoes it, too."""

    id: int
    batches: tuple[int, ...]
    is_needed: bool
    started_at: float


def steps(database: Database) -> tuple[Step, ...]:
    """All operations, by each of the batches that they are about."""
    return tuple(
        Step(batch, each.is_needed, each.started_at) for each in _operations(database) for batch in each.batches or (0,)
    )


def _operations(database: Database) -> list[_Operation]:
    past = operations.all_of(database)
    required = needed(past) | {row["id"] for row in database.rows("SELECT id FROM operations WHERE untold <> 0")}
    about, batches = roots(past), {each.id: each.selection.batches for each in past}
    return [_Operation(each.id, batches.get(about[each.id], ()), each.id in required, each.started_at) for each in past]


def weigh(database: Database, going: Sequence[int], before: float) -> Weight:
    """What would go with these batches, and with runs that nobody needs then and that are older than a time."""
    leaving = frozenset(going)
    used = {row["run_id"] for row in database.rows("SELECT id, run_id FROM batches") if row["id"] not in leaving}
    query = f"SELECT id, tests FROM runs WHERE {_unneeded(database, but_for='batches')}"
    runs = [row for row in database.rows(query, before) if row["id"] not in used]
    outcomes = sum(row["tests"] for row in runs)
    everything = whole(database)
    parts, total = (outcomes, everything.outcomes) if everything.outcomes else (len(going), everything.batches)
    return Weight(len(going), len(runs), outcomes, round(everything.size * parts / total) if total else 0)


def whole(database: Database) -> Weight:
    """What there is; open batches are not counted."""
    (row,) = database.rows(
        "SELECT (SELECT count(*) FROM batches WHERE status <> 'open') AS batches, count(*) AS runs,"
        " coalesce(sum(tests), 0) AS outcomes FROM runs"
    )
    pages = [database.rows(f"PRAGMA {what}")[0][0] for what in ("page_count", "freelist_count", "page_size")]
    return Weight(row["batches"], row["runs"], row["outcomes"], (pages[0] - pages[1]) * pages[2])


def remove_batches(database: Database, going: Sequence[int], seconds: float) -> int:
    """Take batches out, each whole or not at all, for about so long.

    Args:
        database: in a transaction.
        going: their numbers.
        seconds: others wait meanwhile.

    Returns:
        how many went; they are noted as pruned.
    """
    parts = list(_parts(database, "batches"))
    query = "SELECT coalesce(max(id), 0) AS last FROM"
    for table in ("batches", "operations"):
        last = max(database.rows(f"{query} {table}")[0]["last"], int(database.fact(f"{table}_given", "0")))
        database.set_fact(f"{table}_given", str(last))
    return _in_slices(going, _BATCHES_AT_ONCE, seconds, lambda numbers: _remove_batches(database, parts, numbers))


def _remove_batches(database: Database, parts: Sequence[Reference], numbers: Sequence[int]) -> None:
    these = [(number,) for number in numbers]
    connection = database.connection
    connection.executemany(
        "INSERT OR IGNORE INTO pruned SELECT branch_id, id, ? FROM batches WHERE id = ?",
        [(time.time(), number) for number in numbers],
    )
    edits = "DELETE FROM file_edits WHERE change_id IN (SELECT id FROM changes WHERE batch_id = ?)"
    connection.executemany(edits, these)
    for part in parts:
        connection.executemany(f"DELETE FROM {part.table} WHERE {part.column} = ?", these)
    leaving = frozenset(numbers)
    about = [
        (each.id,) for each in reversed(_operations(database)) if leaving.intersection(each.batches)
    ]  # undos first
    connection.executemany("DELETE FROM operations WHERE id = ?", about)
    connection.executemany("DELETE FROM batches WHERE id = ?", these)


def remove_runs(database: Database, before: float, seconds: float) -> bool:
    """Take out runs that nobody needs, and that are older than a time, for about so long; in a transaction.

    Returns:
        whether all of them are gone.
    """
    connection = database.connection
    current = "SELECT coalesce(max(id), 0) FROM baselines"
    connection.execute(f"DELETE FROM baselines WHERE set_at < ? AND id <> ({current})", (before,))
    found = [row["id"] for row in database.rows(f"SELECT id FROM runs WHERE {_unneeded(database)}", before)]
    parts = list(_parts(database, "runs"))

    def remove(numbers: Sequence[int]) -> None:
        these = [(number,) for number in numbers]
        for part in parts:
            connection.executemany(f"DELETE FROM {part.table} WHERE {part.column} = ?", these)
        connection.executemany("DELETE FROM runs WHERE id = ?", these)

    return _in_slices(found, _RUNS_AT_ONCE, seconds, remove) == len(found)


def remove_unmentioned(database: Database) -> None:
    """Take out suites without a run, and tests that nothing mentions any more."""
    # To check this key by key would read all outcomes for each test.
    database.connection.execute("PRAGMA foreign_keys = OFF")
    try:
        with database.transaction() as connection:
            connection.execute("DELETE FROM suites WHERE id NOT IN (SELECT suite_id FROM runs)")
            gone = "SELECT id FROM tests WHERE last_run NOT IN (SELECT id FROM runs)"
            if database.row(gone) is not None:
                mentioned = " UNION ".join(
                    f"SELECT {each.column} FROM {each.table}" for each in references(database, "tests")
                )
                connection.execute(f"DELETE FROM tests WHERE id IN ({gone}) AND id NOT IN ({mentioned})")
    finally:
        database.connection.execute("PRAGMA foreign_keys = ON")


def pruned(database: Database) -> frozenset[int]:
    """Numbers of all batches that were pruned."""
    return frozenset(row["batch_id"] for row in database.rows("SELECT batch_id FROM pruned"))


def leftover_records(database: Database, numbers: Iterable[int], going: Sequence[int]) -> frozenset[int]:
    """Those of these records that no batch needs: theirs was pruned, or is going, and others came after it."""
    query = (
        "SELECT counts, id < (SELECT max(id) FROM records AS any WHERE any.branch_id = records.branch_id) AS passed,"
        " EXISTS (SELECT 1 FROM commits WHERE commits.branch_id = records.branch_id AND commits.oid = records.oid"
        " AND sealed) AS sealed, (SELECT max(batch_id) FROM changes WHERE changes.oid = records.oid) AS batch"
        " FROM records WHERE id = ?"
    )
    found = {number: database.row(query, number) for number in numbers}
    return frozenset(
        number
        for number, row in found.items()
        if row is not None
        and row["passed"]
        and (not row["counts"] or (row["sealed"] and _is_gone(row["batch"], going)))
    )


def _is_gone(batch: int | None, going: Sequence[int]) -> bool:
    return batch is None or batch in going


def leftover_operations(database: Database, going: Sequence[int]) -> frozenset[int]:
    """Numbers of the operations that were pruned, and of those that go with some batches."""
    leaving = frozenset(going)
    stored = _operations(database)
    given = int(database.fact("operations_given", "0"))
    pruned_before = frozenset(range(int(database.fact("operations_before", "0")) + 1, given + 1))
    return pruned_before.difference(each.id for each in stored) | {
        each.id for each in stored if leaving.intersection(each.batches)
    }


def _parts(database: Database, target: str, column: str = "id") -> Iterator[Reference]:
    """All that goes with a table's rows, what hangs on such parts before these.

    Args:
        database: of the repository.
        target: the table.
        column: the one that holds the number of what goes.
    """
    for each in references(database, target, column):
        if each.is_part:
            yield from _parts(database, each.table, each.column)
            yield each


def references(database: Database, target: str, column: str = "id") -> Iterator[Reference]:
    """All columns that refer to a column of a table, of other tables and of its own."""
    tables = [row["name"] for row in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        keys = {row["name"] for row in database.rows(f"PRAGMA table_info({table})") if row["pk"]}
        for row in database.rows(f"PRAGMA foreign_key_list({table})"):
            if (row["table"], row["to"] or column) == (target, column):
                yield Reference(table, row["from"], is_part=row["from"] in keys or table == "changes")


def _unneeded(database: Database, but_for: str = "") -> str:
    """The condition for a run that is older than a time (one value) and that nobody needs.

    Needed are runs of batches and of the baseline, the latest of the whole suite, and those of the trees that a batch
    in the queue is about.

    Args:
        database: of the repository.
        but_for: a table whose needs are not looked at.
    """
    clauses = ["started_at < ?", "id <> (SELECT coalesce(max(id), 0) FROM runs WHERE complete AND broken = '')"]
    uses = [use for use in references(database, "runs") if not use.is_part and use.table != but_for]
    clauses += [f"id NOT IN (SELECT {use.column} FROM {use.table} WHERE {use.column} IS NOT NULL)" for use in uses]
    queued = "FROM changes JOIN batches ON batches.id = batch_id WHERE status <> 'open' AND announced = 0"
    clauses.append(f"tree NOT IN (SELECT tree {queued} UNION SELECT base_tree {queued})")
    return " AND ".join(clauses)


def _in_slices(numbers: Sequence[int], size: int, seconds: float, remove: Callable[[Sequence[int]], None]) -> int:
    """Remove what has these numbers, slice after slice, until all are gone or the time is over; how many went."""
    end = time.monotonic() + seconds
    for start in range(0, len(numbers), size):
        remove(numbers[start : start + size])
        if time.monotonic() >= end:
            return min(start + size, len(numbers))
    return len(numbers)
