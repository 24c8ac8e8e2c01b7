"""Queries about the latest run of the whole suite on a tree."""

from __future__ import annotations

from dataclasses import dataclass

from batchhook.store.database import Database


@dataclass(frozen=True, slots=True)
class TestedTree:
    """The latest complete run on a tree, and the batch that it decided; 0 for none."""

    __test__ = False

    run: int
    batch: int


def find_latest(database: Database, tree: str) -> TestedTree | None:
    """Return the latest complete run on a tree; None if there is none, or the suite could not run."""
    row = database.row(
        "SELECT runs.id, (SELECT max(batches.id) FROM batches WHERE run_id = runs.id) AS batch FROM runs"
        " WHERE tree = ? AND is_complete AND NOT is_probe AND broken_reason = '' ORDER BY runs.id DESC LIMIT 1",
        tree,
    )
    return None if row is None else TestedTree(int(row["id"]), int(row["batch"] or 0))


def find_for_batch(database: Database, batch: int) -> TestedTree | None:
    """Return the run of a batch; None if it has none, or its suite could not run."""
    row = database.row(
        "SELECT run_id FROM batches JOIN runs ON runs.id = run_id WHERE batches.id = ? AND broken_reason = ''", batch
    )
    return None if row is None else TestedTree(int(row["run_id"]), batch)
