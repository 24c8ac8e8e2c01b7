"""Advice on the run of a batch: the tests that its changes probably break come first."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from batchhook.core.commit import Commit
from batchhook.errors import StoreError
from batchhook.workflow.context.project import Project
from batchhook.workflow.prediction.affected import store_affected
from batchhook.workflow.prediction.use import load_predictor
from batchhook.workflow.suite.fingerprint import Suite
from batchhook.workflow.suite.run import RunAdvice


@dataclass(frozen=True, slots=True)
class RiskAdvisor:
    """Gives advice on the run of a batch.

    Nothing that goes wrong here keeps a suite from running: it is logged.

    Attributes:
        project: the repository.
        changes: of the batch, oldest first.
        advise: gives the advice that applies where predictions are not used.
    """

    project: Project
    changes: Sequence[Commit]
    advise: Callable[[Suite, str], RunAdvice]

    def __call__(self, suite: Suite, tree: str) -> RunAdvice:
        """Return advice on the run of a suite on a tree."""
        advice = self.advise(suite, tree)
        try:
            store_affected(self.project, suite.fingerprint, self.changes)
            predictor = load_predictor(self.project, self.changes)
            priorities = predictor.priorities() if predictor is not None else {}
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - a run in another order is better than none
            traceback.print_exc()
            return advice
        return replace(advice, priorities=priorities) if priorities else advice
