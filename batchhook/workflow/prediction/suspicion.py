"""Suspicion in the search for culprits: how probable it is, by the history, that a change broke a test."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence

from batchhook.errors import StoreError
from batchhook.git import history
from batchhook.workflow.context.project import Project
from batchhook.workflow.prediction.use import load_predictor

Weigh = Callable[[str, Sequence[float]], list[float]]
"""Weighs the relevance of each change for a failing test."""


def load_suspicion(project: Project, oids: Sequence[str]) -> Weigh:
    """Return what weighs the relevance of changes, oldest first; it changes nothing where predictions are not used."""
    try:
        predictor = load_predictor(project, history.read_commits(project.git, oids)) if all(oids) else None
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - logged: the search finds the culprits without, too
        traceback.print_exc()
        predictor = None
    if predictor is None or not predictor.stored.evaluation.names_suspects:
        return lambda _, scores: list(scores)

    def weigh(test: str, scores: Sequence[float]) -> list[float]:
        factors = predictor.suspicion(test)
        if not any(scores):  # nothing is known of the files that it uses
            return factors
        return [score * factor for score, factor in zip(scores, factors, strict=True)]

    return weigh
