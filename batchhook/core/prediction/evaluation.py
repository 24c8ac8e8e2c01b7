"""Test of predictions on the history: each batch is judged by models that were fitted to earlier ones only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from batchhook.core.plural import plural
from batchhook.core.prediction.examples import Examples, TrainingSet
from batchhook.core.prediction.features import ChangeContext, HistoryRecord
from batchhook.core.prediction.history import AffectedTests, TestedBatch, count_changes
from batchhook.core.prediction.metrics import (
    FirstFailure,
    average_precision,
    brier_score,
    mean_first_failure,
    until_first_failure,
)
from batchhook.core.prediction.model import LinearModel, combine
from batchhook.core.prediction.prediction import RiskModels, predict_change
from batchhook.core.prediction.rules import ChangeRule, Rule, score_change, score_test

MODEL = "prediction"
"""Name of the model among the rules."""
MIN_CHANGES, MIN_BREAKING = 100, 10
"""Tested changes, and those of them that broke a test, from which on something can be learned."""
MIN_JUDGED = 5
"""Judged changes that broke a test, from which on the evaluation says anything."""
TRAINING_SHARE = 1 / 3
"""Share of the batches that come first, and are only learned from."""
REFITS = 8
"""Times that the models are fitted again in the course of an evaluation."""
MAX_PAIRS = 1_500_000
"""Changes with tests that are judged; of a larger history, the newest."""

Fit = Callable[[Examples], LinearModel]
"""Fits a model."""


@dataclass(frozen=True, slots=True)
class TestRanking:
    """Figures of one way to order tests.

    Attributes:
        average_precision: area under the precision-recall curve, over all changes and tests that ran after them.
        first_failure: mean over the batches in which a change broke a test.
    """

    __test__ = False  # not a test class of pytest's

    average_precision: float
    first_failure: FirstFailure


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of the models and of the simple rules on one history.

    Attributes:
        changes, breaking: changes of the history, and those that broke a test.
        judged, judged_breaking: the same of those that were judged.
        failing_batches: judged batches in which a change broke a test.
        pairs, broken_pairs: judged changes with tests, and those where the change broke the test.
        tests: by the name of the rule, or ``MODEL``.
        change_precision: average precision of the order of changes, likewise.
        brier: squared error of the changes' probabilities.
        brier_of_rate: the same if each change had the rate of those before it.
    """

    changes: int
    breaking: int
    judged: int = 0
    judged_breaking: int = 0
    failing_batches: int = 0
    pairs: int = 0
    broken_pairs: int = 0
    tests: Mapping[str, TestRanking] = field(default_factory=dict)
    change_precision: Mapping[str, float] = field(default_factory=dict)
    brier: float = 0.0
    brier_of_rate: float = 0.0

    @property
    def shortage(self) -> str:
        """Return why there is not enough history, as a phrase; empty if there is."""
        counts = f"{plural(self.changes, 'tested change')}, of which {self.breaking} broke a test"
        if self.changes < MIN_CHANGES or self.breaking < MIN_BREAKING:
            return f"{counts}; at least {MIN_CHANGES} and {MIN_BREAKING} are needed"
        if self.judged_breaking < MIN_JUDGED:
            return f"only {self.judged_breaking} of the later changes broke a test; at least {MIN_JUDGED} are needed"
        return ""

    @property
    def ranks_tests(self) -> bool:
        """Return whether the model orders tests better than every rule, by both figures."""
        if self.shortage:
            return False
        own, rules = self.tests[MODEL], [each for name, each in self.tests.items() if name != MODEL]
        return all(
            own.average_precision > rule.average_precision and own.first_failure.tests < rule.first_failure.tests
            for rule in rules
        )

    @property
    def names_suspects(self) -> bool:
        """Return whether the model relates changes to tests more precisely than every rule."""
        if self.shortage:
            return False
        own = self.tests[MODEL].average_precision
        return all(own > each.average_precision for name, each in self.tests.items() if name != MODEL)

    @property
    def ranks_changes(self) -> bool:
        """Return whether the model orders changes better than every rule, with better probabilities than the rate."""
        if self.shortage:
            return False
        own = self.change_precision[MODEL]
        beats = all(own > each for name, each in self.change_precision.items() if name != MODEL)
        return beats and self.brier < self.brier_of_rate


def evaluate(batches: Sequence[TestedBatch], affected: AffectedTests, fit: Fit) -> Evaluation:
    """Evaluate the models on a history, later batches by earlier ones only.

    Args:
        batches: oldest first.
        affected: the tests that changes can affect.
        fit: fits a model.
    """
    breaking = sum(len(batch.breaking) for batch in batches)
    evaluation = Evaluation(count_changes(batches), breaking)
    if evaluation.shortage and (evaluation.changes < MIN_CHANGES or breaking < MIN_BREAKING):
        return evaluation
    begin = max(_first_judged(batches), round(len(batches) * TRAINING_SHARE))
    record, training, judge = HistoryRecord(), TrainingSet(), _Judge()
    models: RiskModels | None = None
    step = max(1, (len(batches) - begin) // REFITS)
    for number, batch in enumerate(batches):
        if number >= begin:
            if (number - begin) % step == 0 and training.tests.positives and training.changes.positives:
                models = RiskModels(fit(training.changes), fit(training.tests))
            if models is not None:
                judge.add(models, record, batch, affected, training.changes)
        training.add(record, batch, affected)
        record.add(batch)
    return judge.conclude(evaluation)


def _first_judged(batches: Sequence[TestedBatch]) -> int:
    pairs = 0
    for number in reversed(range(len(batches))):
        pairs += len(batches[number].changes) * len(batches[number].seconds)
        if pairs > MAX_PAIRS:
            return number + 1
    return 0


@dataclass(slots=True)
class _Judge:
    """Collects the scores of the models and of the rules, and what really broke."""

    pair_labels: list[bool] = field(default_factory=list)
    pair_scores: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in (MODEL, *map(_name, Rule))}
    )
    first_failures: dict[str, list[FirstFailure]] = field(
        default_factory=lambda: {name: [] for name in (MODEL, *map(_name, Rule))}
    )
    change_labels: list[bool] = field(default_factory=list)
    change_scores: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in (MODEL, *map(_name, ChangeRule))}
    )
    rates: list[float] = field(default_factory=list)

    def add(
        self,
        models: RiskModels,
        record: HistoryRecord,
        batch: TestedBatch,
        affected: AffectedTests,
        earlier: Examples,
    ) -> None:
        contexts = [record.context(change, affected) for change in batch.changes]
        self._add_changes(models, record, batch, contexts, earlier)
        tests = [test for test in batch.seconds if test not in batch.unclear]
        by_model: dict[str, list[float]] = {test: [] for test in tests}
        for context in contexts:
            oid = context.change.oid
            for test in tests:
                probability = models.tests.probability(record.test_values(context, test))
                by_model[test].append(probability)
                self.pair_labels.append(batch.culprits.get(test) == oid)
                self.pair_scores[MODEL].append(probability)
                for rule in Rule:
                    self.pair_scores[rule.value].append(score_test(rule, record, [context], test))
        broken = batch.broken & frozenset(tests)
        if broken:
            seconds = {test: batch.seconds[test] for test in tests}
            combined = {test: combine(values) for test, values in by_model.items()}
            self.first_failures[MODEL].append(until_first_failure(seconds, broken, combined.__getitem__))
            for rule in Rule:
                scores = {test: score_test(rule, record, contexts, test) for test in tests}
                self.first_failures[rule.value].append(until_first_failure(seconds, broken, scores.__getitem__))

    def _add_changes(
        self,
        models: RiskModels,
        record: HistoryRecord,
        batch: TestedBatch,
        contexts: Sequence[ChangeContext],
        earlier: Examples,
    ) -> None:
        rate = earlier.positives / max(1, len(earlier.labels))
        for context in contexts:
            is_breaking = context.change.oid in batch.breaking
            if batch.unclear and not is_breaking:
                continue
            self.change_labels.append(is_breaking)
            self.rates.append(rate)
            self.change_scores[MODEL].append(predict_change(models, context))
            for rule in ChangeRule:
                self.change_scores[rule.value].append(score_change(rule, record, context))

    def conclude(self, counts: Evaluation) -> Evaluation:
        return Evaluation(
            changes=counts.changes,
            breaking=counts.breaking,
            judged=len(self.change_labels),
            judged_breaking=sum(self.change_labels),
            failing_batches=len(self.first_failures[MODEL]),
            pairs=len(self.pair_labels),
            broken_pairs=sum(self.pair_labels),
            tests={
                name: TestRanking(
                    average_precision(scores, self.pair_labels), mean_first_failure(self.first_failures[name])
                )
                for name, scores in self.pair_scores.items()
            },
            change_precision={
                name: average_precision(scores, self.change_labels) for name, scores in self.change_scores.items()
            },
            brier=brier_score(self.change_scores[MODEL], self.change_labels),
            brier_of_rate=brier_score(self.rates, self.change_labels),
        )


def _name(rule: Rule | ChangeRule) -> str:
    return str(rule.value)
