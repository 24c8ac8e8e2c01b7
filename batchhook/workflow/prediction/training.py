"""Learning from the history: evaluate, fit, store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from batchhook.core.prediction.evaluation import evaluate
from batchhook.core.prediction.examples import Examples, TrainingSet
from batchhook.core.prediction.features import HistoryRecord
from batchhook.core.prediction.history import AffectedTests, TestedBatch
from batchhook.core.prediction.model import LinearModel
from batchhook.core.prediction.prediction import RiskModels
from batchhook.errors import BatchhookError, GitError
from batchhook.git import history
from batchhook.git.command import Git
from batchhook.lazy import LazyModule
from batchhook.store import prediction, tested_batches
from batchhook.store.prediction import StoredPrediction
from batchhook.workflow.context.project import Project

if TYPE_CHECKING:
    from batchhook.predict import fitting
else:
    fitting = LazyModule("batchhook.predict.fitting")

MAX_CHANGES = 1000
"""Changes that are learned from: the newest."""
RETRAIN_EVERY = 5
"""Batches after which the models are fitted again."""


class MissingExtraError(BatchhookError):
    """The extra that fits models is not installed."""


def load_history(project: Project) -> list[TestedBatch]:
    """Return the tested batches to learn from, oldest first."""
    return tested_batches.load(project.database, partial(count_lines, project.git), MAX_CHANGES)


def count_lines(git: Git, oids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    """Return the lines that changes touched; none if one of them does not exist any more."""
    try:
        return history.churn(git, oids)
    except GitError:
        return {}


def train(project: Project) -> StoredPrediction:
    """Evaluate predictions on the history, fit models to all of it, and store both.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    batches, affected = load_history(project), prediction.load_affected(project.state)
    digest = _digest(batches)
    stored = prediction.load(project.state)
    if stored is not None and stored.digest == digest:
        return stored
    learned = learn(batches, affected, digest)
    prediction.save(project.state, learned)
    return learned


def learn(batches: Sequence[TestedBatch], affected: AffectedTests, digest: str = "") -> StoredPrediction:
    """Return models of a history, with their evaluation; without models if it is too short.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    evaluation = evaluate(batches, affected, _fit)
    last = batches[-1].number if batches else 0
    rate = evaluation.breaking / max(1, evaluation.changes)
    if evaluation.shortage:
        return StoredPrediction("", digest, last, rate, evaluation)
    training = collect_examples(batches, affected)
    models = RiskModels(_fit(training.changes), _fit(training.tests))
    return StoredPrediction(fitting.LIBRARY, digest, last, rate, evaluation, models)


def _fit(examples: Examples) -> LinearModel:
    try:
        return fitting.fit(examples)
    except ImportError as error:
        raise MissingExtraError("scikit-learn is not installed", 'pip install "batchhook[predict]"') from error


def collect_examples(batches: Sequence[TestedBatch], affected: AffectedTests) -> TrainingSet:
    """Return the examples of a whole history."""
    record, training = HistoryRecord(), TrainingSet()
    for batch in batches:
        training.add(record, batch, affected)
        record.add(batch)
    return training


def record_of(batches: Sequence[TestedBatch]) -> HistoryRecord:
    """Return the record of a whole history."""
    record = HistoryRecord()
    for batch in batches:
        record.add(batch)
    return record


def retrain_if_due(project: Project, number: int) -> None:
    """Fit the models again after a batch, if enough batches have been tested since; nothing without the extra.

    Args:
        project: the repository.
        number: of the batch.
    """
    stored = prediction.load(project.state)
    if stored is not None and stored.last_batch + RETRAIN_EVERY > number:
        return
    try:
        train(project)
    except MissingExtraError:
        return


def _digest(batches: Sequence[TestedBatch]) -> str:
    """Return a digest of what is learned from."""
    rows = [
        (batch.number, [change.oid for change in batch.changes], sorted(batch.culprits.items()), len(batch.seconds))
        for batch in batches
    ]
    return hashlib.sha256(json.dumps(rows).encode("utf-8", "replace")).hexdigest()
