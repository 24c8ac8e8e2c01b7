"""Predictions for changes that have not been tested yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from batchhook.core.prediction.features import CHANGE_FEATURES, TEST_FEATURES, ChangeContext, HistoryRecord
from batchhook.core.prediction.history import AffectedTests, ChangeFacts
from batchhook.core.prediction.model import LinearModel, combine

MAX_REASONS = 3
"""Reasons that are named for one change."""
_MIN_CONTRIBUTION = 0.1
"""Of the log-odds, below which a feature is no reason."""


@dataclass(frozen=True, slots=True)
class RiskModels:
    """The models for changes and for tests."""

    changes: LinearModel
    tests: LinearModel

    @property
    def is_current(self) -> bool:
        """Return whether they were made for the features of this version."""
        wanted = len(CHANGE_FEATURES), len(TEST_FEATURES) + len(CHANGE_FEATURES)
        return (len(self.changes.weights), len(self.tests.weights)) == wanted


@dataclass(frozen=True, slots=True)
class ChangeRisk:
    """The prediction for one change.

    Attributes:
        change: as it is known before anything ran.
        probability: that it breaks a test.
        usual: that of a change on average.
        reasons: features that raise it most, most important first.
        tests: test -> probability that this change breaks it, the highest first.
    """

    change: ChangeFacts
    probability: float
    reasons: tuple[str, ...]
    tests: Mapping[str, float]


def predict_change(models: RiskModels, context: ChangeContext) -> float:
    """Return the probability that a change breaks a test."""
    return models.changes.probability(context.values)


def predict_tests(
    models: RiskModels, record: HistoryRecord, contexts: Sequence[ChangeContext], tests: Iterable[str]
) -> dict[str, float]:
    """Return for each test the probability that one of the changes breaks it."""
    probability, values = models.tests.probability, record.test_values
    return {test: combine([probability(values(context, test)) for context in contexts]) for test in tests}


def assess(
    models: RiskModels, record: HistoryRecord, change: ChangeFacts, affected: AffectedTests, most_tests: int
) -> ChangeRisk:
    """Return the prediction for a change, with reasons and the tests most at risk."""
    context = record.context(change, affected)
    tests = predict_tests(models, record, [context], record.tests | (context.affected or frozenset()))
    likely = sorted(tests.items(), key=lambda item: (-item[1], item[0]))[:most_tests]
    return ChangeRisk(change, predict_change(models, context), _reasons(models, context), dict(likely))


def _reasons(models: RiskModels, context: ChangeContext) -> tuple[str, ...]:
    contributions = zip(models.changes.contributions(context.values), CHANGE_FEATURES, context.values, strict=True)
    ranked = sorted(contributions, reverse=True)
    return tuple(name for share, name, value in ranked if share >= _MIN_CONTRIBUTION and value)[:MAX_REASONS]
