"""Queries about what the changes of the latest batches broke; older batches are not read."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from batchhook.core.perf.significance import Conclusion
from batchhook.core.views.changes import ChangeRow, FileRow
from batchhook.store.codecs import decode_path
from batchhook.store.database import Database

MAX_BATCHES = 200
"""Batches that are looked at."""
_MAX_NAMED = 3
"""Broken tests of a change that are named."""


@dataclass(frozen=True, slots=True)
class Breakage:
    """Changes that broke something in the latest batches.

    Attributes:
        rows: the changes that broke a test or made one slower, the latest first.
        files: the files that these touched.
        batches, changes: number of batches and changes that were looked at.
    """

    rows: tuple[ChangeRow, ...]
    files: tuple[FileRow, ...]
    batches: int
    changes: int


def load(database: Database, most: int = MAX_BATCHES) -> Breakage:
    """Return what the changes of the latest batches broke."""
    query = "SELECT id FROM batches WHERE run_id IS NOT NULL ORDER BY id DESC LIMIT ?"
    numbers = json.dumps([row["id"] for row in database.rows(query, most)])
    broken = _load_broken(database, numbers)
    slowed = _load_slowed(database, numbers)
    edits = _load_edits(database, numbers)
    known = {
        (row["batch_id"], row["oid"]): row
        for row in database.rows("SELECT * FROM changes WHERE batch_id IN (SELECT value FROM json_each(?))", numbers)
    }
    rows = []
    for batch, oid in sorted(broken.keys() | slowed.keys(), key=lambda key: -key[0]):
        row, tests = known.get((batch, oid)), broken.get((batch, oid), [])
        rows.append(
            ChangeRow(
                oid=oid,
                subject=row["subject"] if row else "",
                author=row["author"] if row else "",
                authored_at=row["authored_at"] if row else 0,
                batch=batch,
                broken=tuple(tests[:_MAX_NAMED]),
                broken_count=len(tests),
                slowed_count=slowed.get((batch, oid), 0),
                files=len(edits.get((batch, oid), ())),
            )
        )
    counts = {key: len(tests) for key, tests in broken.items()}
    return Breakage(tuple(rows), tuple(_files(edits, counts)), len(json.loads(numbers)), len(known))


def _load_broken(database: Database, numbers: str) -> dict[tuple[int, str], list[str]]:
    """Return the ids of the tests that each change broke, by batch and oid."""
    query = (
        "SELECT attributions.batch_id, oid, name FROM attributions JOIN search_revisions ON"
        " search_revisions.batch_id = attributions.batch_id AND position = first_suspect"
        " JOIN tests ON tests.id = test_id"
        " WHERE attributions.batch_id IN (SELECT value FROM json_each(?)) AND kind IN ('culprit', 'introduced failing')"
        " ORDER BY attributions.batch_id, name"
    )
    broken: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for row in database.rows(query, numbers):
        broken[row["batch_id"], row["oid"]].append(row["name"])
    return broken


def _load_slowed(database: Database, numbers: str) -> Counter[tuple[int, str]]:
    """Return the number of tests that each change slowed down; where several are suspected, none is blamed."""
    query = (
        "SELECT batch_id, suspects FROM slowdowns WHERE batch_id IN (SELECT value FROM json_each(?))"
        " AND conclusion = ? AND suspects <> '' AND suspects NOT LIKE '% %'"
    )
    return Counter((row["batch_id"], row["suspects"]) for row in database.rows(query, numbers, Conclusion.SLOWER.value))


def _load_edits(database: Database, numbers: str) -> dict[tuple[int, str], list[str]]:
    """Return the paths that each change touched, by batch and oid."""
    query = (
        "SELECT batch_id, oid, path FROM changes JOIN file_edits ON change_id = changes.id"
        " WHERE batch_id IN (SELECT value FROM json_each(?))"
    )
    edits: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for row in database.rows(query, numbers):
        edits[row["batch_id"], row["oid"]].append(decode_path(row["path"]))
    return edits


def _files(edits: dict[tuple[int, str], list[str]], broken: dict[tuple[int, str], int]) -> Iterable[FileRow]:
    """Yield the files that a breaking change touched, those first that break most."""
    touched: Counter[str] = Counter(path for paths in edits.values() for path in paths)
    breaking: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for key, number in broken.items():
        for path in edits.get(key, ()):
            breaking[path] += 1
            tests[path] += number
    order = sorted(breaking, key=lambda path: (-breaking[path], -breaking[path] / touched[path], path))
    return (FileRow(path, touched[path], breaking[path], tests[path]) for path in order)
