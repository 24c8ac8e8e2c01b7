"""What was done about batches that failed critically."""

from __future__ import annotations

from enum import Enum

from batchhook.core.operations import rolled_back
from batchhook.core.verdict import Verdict
from batchhook.store import operations
from batchhook.store.database import Database


class Answer(str, Enum):
    """What was done about a critical failure; a rollback is told by the operations."""

    ACKNOWLEDGED = "acknowledged"
    FIXED = "fixed"


def put(database: Database, batch: int, answer: Answer) -> None:
    """Write down what was done about a batch; the first answer stays."""
    with database.transaction() as connection:
        connection.execute("UPDATE batches SET answer = ? WHERE id = ? AND answer = ''", (answer.value, batch))


def standing(database: Database) -> dict[str, int]:
    """For each branch its latest batch that has a run, if that failed critically and nothing was done about it.

    Rolled back is a batch, or some changes of it, as long as the rollback was not undone.
    """
    query = (
        "SELECT branches.name, batches.id FROM branches JOIN batches ON batches.id ="
        " (SELECT max(id) FROM batches WHERE branch_id = branches.id AND run_id IS NOT NULL)"
        " WHERE verdict = ? AND answer = ''"
    )
    critical = {row["name"]: row["id"] for row in database.rows(query, Verdict.CRITICAL.value)}
    answered = rolled_back(operations.all_of(database)) if critical else frozenset()
    return {branch: batch for branch, batch in critical.items() if batch not in answered}
