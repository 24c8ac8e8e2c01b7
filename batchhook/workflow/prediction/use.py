"""The uses of predictions, each only where they beat the simple rules on this repository's own history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from batchhook.core.commit import Commit
from batchhook.core.prediction.batch_size import adaptive_size
from batchhook.core.prediction.features import ChangeContext, HistoryRecord
from batchhook.core.prediction.prediction import RiskModels, predict_change, predict_tests
from batchhook.store import prediction
from batchhook.store.prediction import StoredPrediction
from batchhook.workflow.context.project import Project
from batchhook.workflow.prediction.risk import change_facts, known_affected
from batchhook.workflow.prediction.training import load_history, record_of

SUSPICION_FLOOR = 0.2
"""Least factor of a change's relevance, so that no prediction acquits it."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """Predictions for some changes of a repository.

    Attributes:
        stored: the models, and their evaluation.
        models: those of ``stored``.
        record: of the history.
        contexts: the changes, oldest first.
    """

    stored: StoredPrediction
    models: RiskModels
    record: HistoryRecord
    contexts: Sequence[ChangeContext]

    def priorities(self) -> dict[str, float]:
        """Return the priority of each known test in a run, 0 to 1; empty if the simple rules are as good."""
        if not self.stored.evaluation.ranks_tests:
            return {}
        tests = self.record.tests.union(*(context.affected or frozenset() for context in self.contexts))
        probabilities = predict_tests(self.models, self.record, self.contexts, tests)
        ranked = sorted(probabilities, key=lambda test: (-probabilities[test], test))
        return {test: 1 - sqrt(rank / len(ranked)) for rank, test in enumerate(ranked)}

    def suspicion(self, test: str) -> list[float]:
        """Return a factor for each change: how suspect it is of breaking a test; all 1 if the rules are as good."""
        if not self.stored.evaluation.names_suspects:
            return [1.0] * len(self.contexts)
        values = (self.record.test_values(context, test) for context in self.contexts)
        probabilities = [self.models.tests.probability(each) for each in values]
        highest = max(probabilities, default=0.0)
        return [max(SUSPICION_FLOOR, each / highest) if highest else 1.0 for each in probabilities]

    def batch_size(self, usual: int) -> int:
        """Return the size of a batch that begins with the changes; the usual one if the rules are as good."""
        if not self.stored.evaluation.ranks_changes:
            return usual
        risks = [predict_change(self.models, context) for context in self.contexts]
        return adaptive_size(usual, risks, self.stored.rate)


def load_predictor(project: Project, changes: Sequence[Commit]) -> Predictor | None:
    """Return predictions for changes; None without models that are used for anything.

    Nothing is fitted, and scikit-learn is not loaded.
    """
    stored = prediction.load(project.state)
    if stored is None or stored.models is None:
        return None
    evaluation = stored.evaluation
    if not (evaluation.ranks_tests or evaluation.names_suspects or evaluation.ranks_changes):
        return None
    record, affected = record_of(load_history(project)), known_affected(project, changes)
    contexts = [record.context(change, affected) for change in change_facts(project, changes)]
    return Predictor(stored, stored.models, record, contexts)
