"""Predictions are used where they beat the simple rules, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from batchhook.core.prediction.evaluation import MODEL, Evaluation, evaluate
from batchhook.core.prediction.features import HistoryRecord
from batchhook.core.prediction.rules import ChangeRule, Rule, score_change, score_test
from batchhook.predict.fitting import fit
from tests.tested_history import ALL_TESTS, make_history, names_of


def test_what_can_be_learned_is_used() -> None:
    evaluation = evaluate(make_history(60), {}, fit)
    assert (evaluation.changes, evaluation.shortage) == (300, "")
    assert evaluation.ranks_tests, evaluation
    assert evaluation.names_suspects
    assert evaluation.ranks_changes
    assert (
        evaluation.tests[MODEL].first_failure.tests
        < 0.5 * evaluation.tests[Rule.MOST_FAILURES.value].first_failure.tests
    )
    assert evaluation.brier < evaluation.brier_of_rate


def test_chance_cannot_be_learned() -> None:
    evaluation = evaluate(make_history(60, is_learnable=False), {}, fit)
    assert not evaluation.ranks_changes
    assert evaluation.tests[MODEL].average_precision < 0.05


def test_a_perfect_map_is_not_beaten() -> None:
    """Where the map alone names exactly the tests that break, nothing is left to predict."""
    history = make_history(60)
    affected = {change.oid: batch.broken_by(change.oid) for batch in history for change in batch.changes}
    evaluation = evaluate(history, affected, fit)
    assert evaluation.tests[Rule.MAP.value].average_precision == 1.0
    assert not evaluation.ranks_tests
    assert not evaluation.names_suspects


def test_a_short_history_is_told() -> None:
    evaluation = evaluate(make_history(10), {}, fit)
    assert evaluation.shortage.startswith("50 tested changes, of which ")
    assert not (evaluation.ranks_tests)
    assert not (evaluation.names_suspects)
    assert not (evaluation.ranks_changes)


def test_a_history_without_failures_is_told() -> None:
    calm = [replace(batch, failing=frozenset(), culprits={}) for batch in make_history(40)]
    assert "of which 0 broke a test" in evaluate(calm, {}, fit).shortage
    broken_early = [
        *make_history(60)[:19],
        *[replace(batch, failing=frozenset(), culprits={}) for batch in make_history(60)[19:]],
    ]
    assert "of the later changes broke a test" in evaluate(broken_early, {}, fit).shortage


def test_a_tie_is_not_better() -> None:
    evaluation = evaluate(make_history(60), {}, fit)
    tests = dict.fromkeys(evaluation.tests, evaluation.tests[MODEL])
    changes = dict.fromkeys(evaluation.change_precision, evaluation.change_precision[MODEL])
    tied = replace(evaluation, tests=tests, change_precision=changes)
    assert not (tied.ranks_tests)
    assert not (tied.names_suspects)
    assert not (tied.ranks_changes)


def test_later_batches_do_not_change_earlier_judgements() -> None:
    history = make_history(60)
    spoiled = [*history[:-1], replace(history[-1], failing=frozenset(), culprits={})]
    first, second = (evaluate(each, {}, fit) for each in (history, spoiled))
    assert isinstance(second, Evaluation)
    assert first.judged == second.judged
    assert first.judged_breaking - second.judged_breaking == len(history[-1].breaking)


def test_rules() -> None:
    record = HistoryRecord()
    for batch in make_history(10):
        record.add(batch)
    (facts, *_) = make_history(11)[-1].changes
    fragile = names_of("parser")[0]
    context = record.context(facts, {facts.oid: frozenset({fragile})})
    assert score_test(Rule.MAP, record, [context], fragile) == 1
    assert sum(score_test(Rule.MAP, record, [context], test) for test in ALL_TESTS) == 1
    assert score_change(ChangeRule.MOST_AFFECTED, record, context) == 1
    assert score_change(ChangeRule.LARGEST, record, context) == sum(facts.lines.values())
    failures = {test: score_test(Rule.MOST_FAILURES, record, [context], test) for test in ALL_TESTS}
    assert max(failures.values()) >= 2
    assert score_test(Rule.LAST_FAILURES, record, [context], "tests/test_new.py::test_new") == 0
