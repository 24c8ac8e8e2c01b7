"""``batch_size = "adaptive"``: fewer changes after a risky one, more harmless ones, and exactly as told."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from batchhook.store import adaptive_size, prediction
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from batchhook.workflow.prediction import size_update, training
from tests.driving import Repository
from tests.tested_history import make_history, store_history


@pytest.fixture
def adaptive(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with 60 tested batches and what was learned of them; nothing runs in the background."""
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    repository.write(".batchhook.toml", 'batch_size = "adaptive"\n')
    state, history = StateDir.for_repository(repository.top / ".git"), make_history(60)
    database = Database(state.database)
    store_history(database, history)
    database.close()
    learned = training.learn(history, {}, "digest")
    assert learned.evaluation.ranks_changes
    prediction.save(state, learned)
    return repository


def commit_to(repository: Repository, module: str, lines: int, number: int = 0) -> None:
    repository.write(f"src/{module}.py", f"# {number}\n" * lines)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "-m", f"Work on the {module}")


def update(repository: Repository) -> None:
    """Compute the size, as the process does that a hook starts."""
    size_update.update_size(repository.top, os.environ)


def test_a_risky_change_fills_a_batch(adaptive: Repository) -> None:
    commit_to(adaptive, "parser", 38)
    assert len(adaptive.open()[1]) == 1
    update(adaptive)
    assert len(adaptive.open()[1]) == 0
    output = adaptive.git_both("commit", "--allow-empty", "--quiet", "-m", "nothing").stderr
    assert "is full with 1 change instead of 5, by their risk" in output


def test_harmless_changes_fill_it_later(adaptive: Repository) -> None:
    for number in range(6):
        commit_to(adaptive, "queue", 1, number)
        update(adaptive)
        assert len(adaptive.open()[1]) == number + 1
    open_batch = adaptive.json("status")["open"]
    assert 6 < open_batch["size"] <= 10
    assert f"6/{open_batch['size']} by risk, usually 5" in adaptive.batchhook("status")
    for number in range(6, 12):
        commit_to(adaptive, "queue", 1, number)
        update(adaptive)
    assert len(adaptive.open()[1]) == 12 - open_batch["size"]


def test_without_an_update_batches_have_the_usual_size(adaptive: Repository) -> None:
    for number in range(5):
        commit_to(adaptive, "queue", 1, number)
    assert len(adaptive.open()[1]) == 0
    assert adaptive.json("status")["open"]["size"] == 5


def test_the_size_is_that_of_one_batch_only(adaptive: Repository) -> None:
    state = StateDir.for_repository(adaptive.top / ".git")
    commit_to(adaptive, "queue", 1)
    number = adaptive.json("status")["open"]["id"]
    adaptive_size.write(state, number + 1, 1)
    assert len(adaptive.open()[1]) == 1
    adaptive_size.write(state, number, 2)
    assert adaptive.json("status")["open"]["size"] == 2
    commit_to(adaptive, "queue", 2)
    assert adaptive.json("status")["open"]["size"] == 5


def test_nothing_changes_where_a_rule_is_as_good(adaptive: Repository) -> None:
    state = StateDir.for_repository(adaptive.top / ".git")
    stored = prediction.load(state)
    assert stored is not None
    orders = dict.fromkeys(stored.evaluation.change_precision, 0.5)
    prediction.save(state, replace(stored, evaluation=replace(stored.evaluation, change_precision=orders)))
    assert not adaptive_size.is_enabled(state)
    commit_to(adaptive, "parser", 38)
    update(adaptive)
    assert len(adaptive.open()[1]) == 1
    assert state.open_count("refs/heads/main").exists()  # sh counts the next one


def test_a_wrong_size_is_told(repository: Repository) -> None:
    repository.write(".batchhook.toml", 'batch_size = "adaptiv"\n')
    assert 'must be a number from 1 on, or "adaptive"' in repository.batchhook("status", code=3)
