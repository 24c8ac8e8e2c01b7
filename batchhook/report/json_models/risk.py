"""Predictions for changes, and how predictions do on the history."""

from __future__ import annotations

from batchhook.core.prediction.evaluation import Evaluation
from batchhook.core.prediction.prediction import ChangeRisk
from batchhook.core.sanitize import escape_surrogates
from batchhook.report.json_models.base import Document


class TestRiskDocument(Document):
    """A test that a change may break."""

    __test__ = False  # not a test class of pytest's

    test_id: str
    probability: float


class ChangeRiskDocument(Document):
    """The prediction for one change; ``tests`` are those it is most likely to break."""

    oid: str
    summary: str
    probability: float
    reasons: tuple[str, ...]
    tests: tuple[TestRiskDocument, ...]


class TestOrderDocument(Document):
    """One way to order tests: ``prediction``, or a simple rule.

    ``first_failure_tests`` and ``first_failure_s`` are means over the batches in which a change broke a test.
    """

    __test__ = False  # not a test class of pytest's

    name: str
    average_precision: float
    first_failure_tests: float
    first_failure_s: float


class ChangeOrderDocument(Document):
    """One way to order changes: ``prediction``, or a simple rule."""

    name: str
    average_precision: float


class PredictionEvaluationDocument(Document):
    """Predictions of later changes by earlier ones only, against simple rules.

    ``shortage`` says why there is not enough history; then the figures are 0 and the lists empty. ``used_for`` names
    the uses for which predictions beat every rule: ``order`` of tests, ``suspicion`` in searches, ``risk`` of changes.
    """

    shortage: str
    changes: int
    breaking_changes: int
    judged_changes: int
    judged_breaking_changes: int
    failing_batches: int
    tests: tuple[TestOrderDocument, ...]
    change_orders: tuple[ChangeOrderDocument, ...]
    brier_score: float
    brier_score_of_rate: float
    used_for: tuple[str, ...]


class RiskDocument(Document):
    """``risk --json``: ``changes`` is empty with ``--evaluate``, and without enough history."""

    changes: tuple[ChangeRiskDocument, ...]
    breaking_rate: float
    evaluation: PredictionEvaluationDocument


def change_risk_document(risk: ChangeRisk) -> ChangeRiskDocument:
    """Return the prediction for one change."""
    return ChangeRiskDocument(
        oid=risk.change.oid,
        summary=escape_surrogates(risk.change.subject),
        probability=risk.probability,
        reasons=risk.reasons,
        tests=tuple(TestRiskDocument(test_id=test, probability=each) for test, each in risk.tests.items()),
    )


def prediction_evaluation_document(figures: Evaluation) -> PredictionEvaluationDocument:
    """Return how predictions do on the history."""
    uses = (
        ("order", figures.ranks_tests),
        ("suspicion", figures.names_suspects),
        ("risk", figures.ranks_changes),
    )
    return PredictionEvaluationDocument(
        shortage=figures.shortage,
        changes=figures.changes,
        breaking_changes=figures.breaking,
        judged_changes=figures.judged,
        judged_breaking_changes=figures.judged_breaking,
        failing_batches=figures.failing_batches,
        tests=tuple(
            TestOrderDocument(
                name=name,
                average_precision=ranking.average_precision,
                first_failure_tests=ranking.first_failure.tests,
                first_failure_s=ranking.first_failure.seconds,
            )
            for name, ranking in figures.tests.items()
        ),
        change_orders=tuple(
            ChangeOrderDocument(name=name, average_precision=each) for name, each in figures.change_precision.items()
        ),
        brier_score=figures.brier,
        brier_score_of_rate=figures.brier_of_rate,
        used_for=tuple(name for name, is_used in uses if is_used),
    )
