"""The risk of changes that have not been tested yet: what ``batchhook risk`` shows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.commit import Commit
from batchhook.core.prediction.history import ChangeFacts
from batchhook.core.prediction.prediction import ChangeRisk, assess
from batchhook.errors import BatchhookError, UsageError
from batchhook.git import history
from batchhook.store import prediction
from batchhook.store.prediction import StoredPrediction
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import resolve_revision
from batchhook.workflow.prediction.affected import affected_by_changes
from batchhook.workflow.prediction.training import count_lines, load_history, record_of, train
from batchhook.workflow.suite.fingerprint import find_suite

MAX_TESTS = 10
"""Tests that are named for one change."""
MAX_CHANGES = 50
"""Changes that are assessed: the newest."""


@dataclass(frozen=True, slots=True)
class RiskReport:
    """Predictions for some changes.

    Attributes:
        stored: the models, and their evaluation.
        changes: oldest first; empty if there is not enough history.
    """

    stored: StoredPrediction
    changes: tuple[ChangeRisk, ...] = ()


def query_risk(project: Project, revision: str = "", *, is_evaluation: bool = False) -> RiskReport:
    """Return the risk of changes; or, for an evaluation, only how predictions do on the history, against simple rules.

    Args:
        project: the repository.
        revision: as for ``assess_changes``.
        is_evaluation: assess no change.

    Raises:
        UsageError: a revision is given for an evaluation.
        MissingExtraError: scikit-learn is not installed.
        BatchhookError: there is no such commit.
    """
    if not is_evaluation:
        return assess_changes(project, revision)
    if revision:
        raise UsageError("--evaluate takes no revision: it judges the whole history", "batchhook risk --evaluate")
    return RiskReport(train(project))


def assess_changes(project: Project, revision: str = "") -> RiskReport:
    """Return the risk of a commit, or of those that are not pushed; without an upstream, of the open batch's changes.

    Args:
        project: the repository.
        revision: a commit, or a range ``A..B``; empty for those not pushed.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        BatchhookError: there is no such commit.
    """
    commits = _select(project, revision)
    stored = train(project)
    if stored.models is None:
        return RiskReport(stored)
    changes = change_facts(project, commits)
    affected = known_affected(project, commits)
    record = record_of(load_history(project))
    risks = (assess(stored.models, record, change, affected, MAX_TESTS) for change in changes)
    return RiskReport(stored, tuple(risks))


def _select(project: Project, revision: str) -> Sequence[Commit]:
    git = project.git
    if revision and ".." not in revision:
        return history.read_commits(git, [resolve_revision(project, revision)])
    if revision:
        first, _, last = revision.partition("..")
        ends = [resolve_revision(project, end or "HEAD") for end in (first, last)]
        return history.first_parent_chain(git, [ends[1]], [ends[0]])[-MAX_CHANGES:]
    if git.succeeds("rev-parse", "--verify", "--quiet", "@{upstream}^{commit}"):
        head, upstream = (history.resolve_commit(git, name) for name in ("HEAD", "@{upstream}"))
        return history.first_parent_chain(git, [head], [upstream])[-MAX_CHANGES:]
    count = project.reconcile()
    return count.changes if count is not None else ()


def change_facts(project: Project, commits: Sequence[Commit]) -> list[ChangeFacts]:
    """Return what is known of commits before anything ran."""
    lines = count_lines(project.git, [commit.oid for commit in commits])
    return [
        ChangeFacts(commit.oid, commit.subject, commit.committed_at, lines.get(commit.oid, {}), len(commit.parents) > 1)
        for commit in commits
    ]


def known_affected(project: Project, commits: Sequence[Commit]) -> dict[str, frozenset[str]]:
    """Return the tests that commits can affect, by commit; those that are unknown are left out."""
    stored = prediction.load_affected(project.state)
    missing = [commit for commit in commits if commit.oid not in stored]
    affected = {commit.oid: stored[commit.oid] for commit in commits if commit.oid in stored}
    if missing:
        try:
            fingerprint = find_suite(project, os.environ).fingerprint
        except BatchhookError:
            return affected
        affected |= affected_by_changes(project, fingerprint, missing)
    return affected
