"""Rows about the lines and branches that the tests of a run have covered."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence

from batchhook.core.coverage.model import (
    Branch,
    CoverageTotals,
    FileCoverage,
    SuiteCoverage,
    line_ranges,
)
from batchhook.core.sanitize import escape_surrogates
from batchhook.store.database import Database

MAX_SIZE = 8_000_000
"""Bytes of the compressed details of a run: some ten million lines. Of a larger one, the totals are stored."""


def add(database: Database, run: int, coverage: SuiteCoverage) -> None:
    """Store the coverage of a run, in a transaction of the caller's."""
    details = _encode(coverage.files)
    totals = coverage.totals
    database.connection.execute(
        "INSERT INTO run_coverage VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(run, totals.lines, totals.covered_lines, totals.branches, totals.covered_branches),
            *(escape_surrogates(coverage.problem), escape_surrogates(coverage.hint)),
            details if len(details) <= MAX_SIZE else b"",
        ),
    )


def has(database: Database, run: int) -> bool:
    """Return whether a run was measured, or that was tried."""
    return database.row("SELECT 1 FROM run_coverage WHERE run_id = ?", run) is not None


def load(database: Database, run: int) -> SuiteCoverage | None:
    """Return the coverage of a run; None if it was not to be measured."""
    row = database.row("SELECT * FROM run_coverage WHERE run_id = ?", run)
    if row is None:
        return None
    files = _decode(row["files"]) if row["files"] else ()
    return SuiteCoverage(files, row["problem"], row["hint"], totals=_totals(row))


def load_totals(database: Database, run: int) -> CoverageTotals | None:
    """Return the totals of a run; None if nothing was measured."""
    row = database.row("SELECT * FROM run_coverage WHERE run_id = ? AND lines > 0", run)
    return None if row is None else _totals(row)


def _totals(row: sqlite3.Row) -> CoverageTotals:
    return CoverageTotals(row["lines"], row["covered_lines"], row["branches"], row["covered_branches"])


def _encode(files: Iterable[FileCoverage]) -> bytes:
    document = [
        [
            file.path,
            line_ranges(file.covered),
            line_ranges(file.missing),
            sorted(file.covered_branches),
            sorted(file.missing_branches),
        ]
        for file in files
    ]
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 6)


def _decode(data: bytes) -> tuple[FileCoverage, ...]:
    return tuple(
        FileCoverage(path, _lines(covered), _lines(missing), _branches(taken), _branches(others))
        for path, covered, missing, taken, others in json.loads(zlib.decompress(data))
    )


def _lines(ranges: Iterable[Sequence[int]]) -> frozenset[int]:
    return frozenset(line for first, last in ranges for line in range(first, last + 1))


def _branches(pairs: Iterable[Sequence[int]]) -> frozenset[Branch]:
    return frozenset((line, target) for line, target in pairs)
