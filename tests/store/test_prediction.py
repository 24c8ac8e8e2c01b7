"""Stored predictions: read back as they were written, and only where nobody else can have written them."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.core.prediction.evaluation import evaluate
from batchhook.core.prediction.model import LinearModel
from batchhook.core.prediction.prediction import RiskModels
from batchhook.predict.fitting import fit
from batchhook.store import prediction, tested_batches
from batchhook.store.database import Database
from batchhook.store.prediction import StoredPrediction
from batchhook.store.state_dir import StateDir
from tests.tested_history import make_history, store_history


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path)


def make_stored(width: int = 12) -> StoredPrediction:
    history = make_history(40)
    change = LinearModel((0.5,) * width, (1.0,) * width, (0.1,) * width, -1.0)
    test = LinearModel((0.5,) * 26, (1.0,) * 26, (0.1,) * 26, -1.0)
    return StoredPrediction("scikit-learn 1.5", "d", 40, 0.1, evaluate(history, {}, fit), RiskModels(change, test))


def test_it_is_read_as_it_was_written(state: StateDir) -> None:
    assert prediction.load(state) is None
    stored = make_stored()
    prediction.save(state, stored)
    assert prediction.load(state) == stored


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_ignored(state: StateDir, mode: int) -> None:
    prediction.save(state, make_stored())
    (state.prediction / "models.json").chmod(mode)
    assert prediction.load(state) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"library": 1}'])
def test_a_damaged_file_is_ignored(state: StateDir, text: str) -> None:
    prediction.save(state, make_stored())
    for name in ("models.json", "affected.json"):
        (state.prediction / name).write_text(text)
    assert prediction.load(state) is None
    assert prediction.load_affected(state) == {}


def test_models_of_other_features_are_ignored(state: StateDir) -> None:
    prediction.save(state, make_stored(width=11))
    assert prediction.load(state) is None


def test_affected_tests_of_the_newest_changes(state: StateDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "MAX_CHANGES", 2)
    prediction.add_affected(state, {"a": ["x"], "b": ["x", "y"]})
    prediction.add_affected(state, {"c": []})
    assert prediction.load_affected(state) == {"b": {"x", "y"}, "c": frozenset()}


def test_tested_batches_are_read_as_they_were_made(tmp_path: Path) -> None:
    history = make_history(12)
    database = Database(tmp_path / "state.db", create=True)
    store_history(database, history)
    lines = {change.oid: change.lines for batch in history for change in batch.changes}
    assert tested_batches.load(database, lambda _: lines, 1000) == history
    latest = tested_batches.load(database, lambda _: lines, 10)
    assert [batch.number for batch in latest] == [11, 12]
    unknown = tested_batches.load(database, lambda _: {}, 5)
    assert [set(change.lines.values()) for change in unknown[0].changes] == [{1}] * 5
    database.close()
