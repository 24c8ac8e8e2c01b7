"""``batchhook risk`` on real repositories, with a history that was stored as the runner stores it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from batchhook import Workflow
from batchhook.errors import BatchhookError, UsageError
from batchhook.git import history
from batchhook.store import prediction
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import open_project
from batchhook.workflow.prediction import training
from batchhook.workflow.prediction.suspicion import load_suspicion
from batchhook.workflow.prediction.use import SUSPICION_FLOOR, load_predictor
from tests.driving import Repository
from tests.tested_history import ALL_TESTS, make_history, names_of, store_history


def with_history(project: Repository, count: int = 60) -> StateDir:
    state = StateDir.for_repository(project.top / ".git")
    database = Database(state.database)
    store_history(database, make_history(count))
    database.close()
    return state


def commit_in(project: Repository, module: str) -> str:
    """Commit a large change to a module of the history."""
    project.write(f"src/{module}.py", "".join(f"VALUE_{number} = {number}\n" for number in range(35)))
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", f"Rewrite the {module}")
    return project.head()


def test_a_short_history_is_told_in_one_line(project: Repository) -> None:
    project.commit("next")
    assert "Not enough history to predict anything: 0 tested changes" in project.batchhook("risk")
    document = project.json("risk", "--evaluate")
    assert document["changes"] == document["evaluation"]["used_for"] == []
    assert "at least 100 and 10 are needed" in document["evaluation"]["shortage"]


def test_risk_of_the_open_batch(project: Repository) -> None:
    with_history(project)
    fragile, sound = commit_in(project, "parser"), commit_in(project, "queue")
    document = project.json("risk")
    risks = {change["oid"]: change for change in document["changes"]}
    assert list(risks)[-2:] == [fragile, sound]
    assert risks[fragile]["probability"] > 2 * document["breaking_rate"] > 2 * risks[sound]["probability"]
    assert {test["test_id"] for test in risks[fragile]["tests"][:3]} <= set(names_of("parser"))
    assert risks[fragile]["reasons"]
    output = project.batchhook("risk", fragile)
    assert f"{fragile[:8]} Rewrite the parser" in output
    assert sound[:8] not in output


def test_what_is_not_pushed(project: Repository, tmp_path: Path) -> None:
    with_history(project)
    commit_in(project, "cache")
    project.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    project.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    project.git("push", "--quiet", "--set-upstream", "origin", "main")
    assert project.json("risk")["changes"] == []
    assert "everything is pushed" in project.batchhook("risk")
    latest = commit_in(project, "worker")
    assert [change["oid"] for change in project.json("risk")["changes"]] == [latest]
    assert len(project.json("risk", "HEAD~2..HEAD")["changes"]) == 2


def test_the_evaluation_says_what_predictions_are_used_for(project: Repository) -> None:
    with_history(project)
    output = project.batchhook("risk", "--evaluate")
    assert "200 of 300 tested changes were judged by earlier ones only" in output
    assert "the order of tests: yes" in output
    assert "last failures first" in output
    with Workflow(project.top) as workflow:
        figures = workflow.risk(evaluate=True).evaluation
        assert figures.used_for[:2] == ("order", "suspicion")
        assert {order.name for order in figures.tests} > {"map only", "most failures first"}
        with pytest.raises(UsageError, match="takes no revision"):
            workflow.risk("HEAD", evaluate=True)


def test_models_are_fitted_once_for_a_history(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    state = with_history(project)
    with open_project(project.top) as opened:
        first = training.train(opened)
        monkeypatch.setattr(training, "learn", lambda *_: pytest.fail("fitted again"))
        assert training.train(opened) == first == prediction.load(state)
        training.retrain_if_due(opened, first.last_batch + training.RETRAIN_EVERY - 1)
        assert first.library.startswith("scikit-learn ")


def test_retraining_is_due_after_some_batches(project: Repository) -> None:
    state = with_history(project, 40)
    with open_project(project.top) as opened:
        training.retrain_if_due(opened, 40)
        stored = prediction.load(state)
        assert stored is not None
        assert stored.last_batch == 40


def test_without_the_extra(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    with_history(project)
    for name in [name for name in sys.modules if name.startswith(("sklearn", "batchhook.predict"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with open_project(project.top) as opened:
        with pytest.raises(BatchhookError, match="scikit-learn is not installed") as raised:
            training.train(opened)
        assert raised.value.hint == 'pip install "batchhook[predict]"'
        training.retrain_if_due(opened, 60)
        assert prediction.load(opened.state) is None


def test_order_and_suspicion_follow_the_predictions(project: Repository) -> None:
    with_history(project)
    oids = [commit_in(project, "parser"), commit_in(project, "queue")]
    with open_project(project.top) as opened:
        assert load_suspicion(opened, oids)("tests/test_parser.py::test_0", [1.0, 1.0]) == [1.0, 1.0]
        training.train(opened)
        predictor = load_predictor(opened, history.read_commits(opened.git, oids))
        assert predictor is not None
        priorities = predictor.priorities()
        assert set(priorities) == set(ALL_TESTS)
        assert set(sorted(priorities, key=lambda test: -priorities[test])[:4]) == set(names_of("parser"))
        assert max(priorities.values()) == 1 > min(priorities.values()) > 0
        weigh = load_suspicion(opened, oids)
        first, second = weigh(names_of("parser")[0], [2.0, 2.0])
        assert first == 2.0 > second >= 2 * SUSPICION_FLOOR
        assert weigh(names_of("parser")[0], [0.0, 0.0])[0] == 1.0


def test_nothing_is_used_where_the_rules_are_as_good(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    with_history(project)
    oid = commit_in(project, "parser")
    with open_project(project.top) as opened:
        stored = training.train(opened)
        tied = dict.fromkeys(stored.evaluation.tests, next(iter(stored.evaluation.tests.values())))
        orders = dict.fromkeys(stored.evaluation.change_precision, 0.5)
        evaluation = replace(stored.evaluation, tests=tied, change_precision=orders)
        prediction.save(opened.state, replace(stored, evaluation=evaluation))
        assert load_predictor(opened, history.read_commits(opened.git, [oid])) is None
        monkeypatch.setattr(prediction, "load_affected", lambda _: pytest.fail("read for nothing"))
        assert load_suspicion(opened, [oid])(ALL_TESTS[0], [3.0]) == [3.0]
