"""A batch that was rolled back is shown as such everywhere, and its rollback is not proposed again."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.core.operations import BatchRollback, Operation, OperationKind, OperationStatus, batch_rollbacks
from batchhook.core.rollback import RollbackMode, Selection
from tests.driving import CALCULATOR, Repository


def operation(
    number: int,
    batches: tuple[int, ...] = (1,),
    changes: tuple[str, ...] = (),
    undoes: int = 0,
    status: OperationStatus = OperationStatus.DONE,
) -> Operation:
    kind = OperationKind.UNDO if undoes else OperationKind.ROLLBACK
    return Operation(
        number, kind, RollbackMode.FILES, Selection(batches, changes), status, "/top", "b", "a", 0.0, undoes=undoes
    )


def test_the_rollback_in_effect_of_each_batch() -> None:
    whole, partial = operation(1, (1, 2)), operation(2, (2,), ("oid",))
    assert batch_rollbacks([whole, partial]) == {1: BatchRollback(1), 2: BatchRollback(1)}
    assert batch_rollbacks([partial]) == {2: BatchRollback(2, is_partial=True)}
    assert batch_rollbacks([whole, operation(3, (1, 2), undoes=1)]) == {}
    assert batch_rollbacks([operation(1, status=OperationStatus.FAILED)]) == {}


@pytest.fixture
def critical(project: Repository) -> Repository:
    """A project whose first batch, of two commits, failed critically because of the second one."""
    project.write(".git/info/exclude", ".batchhook.toml\n__pycache__/\n")
    project.write(".batchhook.toml", "batch_size = 2\n")
    project.commit("harmless")
    project.commit("break", calculator__py=CALCULATOR.replace("a + b", "a * b"))
    project.batchhook("wait", "1", code=1)
    return project


def test_whole_batch(critical: Repository) -> None:
    assert "batchhook rollback 1" in critical.batchhook("analyze", "1", code=1)
    critical.batchhook("rollback", "1", "-y")
    analysis = critical.batchhook("analyze", "1", code=1)
    assert "rolled back by operation 1 (batchhook undo 1 takes it back)" in analysis
    assert "batchhook rollback 1" not in analysis
    assert critical.json("analyze", "1", code=1)["rollback"] == {"operation": 1, "is_partial": False}
    status = critical.batchhook("status")
    assert "rolled back" in status
    assert "nothing was done about it" not in status
    assert "rolled back" in critical.batchhook("log")
    assert critical.json("log")["batches"][-1]["rollback"]["operation"] == 1
    assert "rolled back by operation 1" in critical.batchhook("show", "1")
    assert "rolled back by operation 1" in critical.batchhook("wait", "1", code=1)
    assert critical.batchhook("status", "--unseen") == ""
    text = Path(critical.batchhook("report", "1").strip()).read_text("utf-8")
    assert "rolled back by operation 1" in text
    assert "batchhook rollback 1" not in text
    critical.batchhook("undo", "-y")
    assert "batchhook rollback 1" in critical.batchhook("analyze", "1", code=1)
    assert critical.json("analyze", "1", code=1)["rollback"] is None
    critical.batchhook("redo", "-y")
    assert "rolled back by operation 1" in critical.batchhook("show", "1")


def test_only_the_culprits(critical: Repository) -> None:
    critical.batchhook("rollback", "1", "--culprit", "-y")
    analysis = critical.batchhook("analyze", "1", code=1)
    assert "partly rolled back by operation 1" in analysis
    assert "--culprit" not in analysis
    assert "batchhook rollback 1 --dry-run" in analysis
    assert critical.batchhook("log").split()[-3:] == ["partly", "rolled", "back"]


def test_from_a_backup(critical: Repository) -> None:
    critical.batchhook("rollback", "1", "--from-backup", "-y")
    assert "rolled back from its backup (batchhook undo --from-backup takes it back)" in critical.batchhook("show", "1")
    critical.batchhook("undo", "--from-backup", "-y")
    assert "rolled back" not in critical.batchhook("show", "1")


def test_the_latest_batch_by_default(critical: Repository) -> None:
    assert critical.batchhook("analyze", code=1) == critical.batchhook("analyze", "1", code=1)
    assert critical.batchhook("show") == critical.batchhook("show", "1")
    assert critical.batchhook("report") == critical.batchhook("report", "1")
    assert critical.batchhook("rollback", "--dry-run") == critical.batchhook("rollback", "1", "--dry-run")
    assert "--dry-run shows the latest" in critical.batchhook("rollback", "-y", code=64)
    critical.git("switch", "-qc", "other")
    critical.git("commit", "--allow-empty", "-qm", "empty")
    assert "no batch" in critical.batchhook("rollback", "--dry-run", code=5)


def test_no_batch_yet(project: Repository) -> None:
    for command in ("analyze", "show", "report"):
        assert "no batch is full yet" in project.batchhook(command, code=5)
