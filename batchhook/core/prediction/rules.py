"""Simple rules that a prediction has to beat, for tests and for changes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from batchhook.core.prediction.features import ChangeContext, HistoryRecord


class Rule(str, Enum):
    """A rule that orders tests, or changes, without a model."""

    LAST_FAILURES = "last failures first"
    MAP = "map only"
    MOST_FAILURES = "most failures first"


class ChangeRule(str, Enum):
    """A rule that orders changes by their risk."""

    LARGEST = "largest first"
    MOST_AFFECTED = "most affected tests first"
    BREAKING_FILES = "most breaking files first"


def score_test(rule: Rule, record: HistoryRecord, contexts: Sequence[ChangeContext], test: str) -> float:
    """Return a test's score by a rule, for changes that are tested together; a higher one comes first."""
    if rule is Rule.MAP:
        return float(any(context.affected and test in context.affected for context in contexts))
    failures, since = record.failures_of(test)
    if rule is Rule.MOST_FAILURES:
        return float(failures)
    return 1 / (1 + since) if since >= 0 else 0.0


def score_change(rule: ChangeRule, record: HistoryRecord, context: ChangeContext) -> float:
    """Return a change's score by a rule; a higher one is riskier."""
    if rule is ChangeRule.LARGEST:
        return float(sum(context.change.lines.values()))
    if rule is ChangeRule.MOST_AFFECTED:
        return float(len(context.affected or ()))
    return float(sum(record.breaking_of(path)[0] for path in context.change.lines))
