"""Differences between two runs, and the baseline."""

from __future__ import annotations

from batchhook.core.comparison import Comparison, SuiteComparison
from batchhook.report.json_models.base import Document
from batchhook.report.json_models.results import TotalsDocument


class ComparisonDocument(Document):
    """Ids of the tests that differ from an earlier run, in the whole suite or in one module.

    ``failing_without_changes`` are those that did not fail before, but also fail without the changes since then;
    ``flaky`` those that did not fail before, and that no change broke.
    """

    newly_failing: tuple[str, ...]
    still_failing: tuple[str, ...]
    fixed: tuple[str, ...]
    newly_skipped: tuple[str, ...]
    new: tuple[str, ...]
    vanished: tuple[str, ...]
    failing_without_changes: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()


class SuiteComparisonDocument(Document):
    """Differences in the whole suite, and in each module that has any."""

    whole: ComparisonDocument
    by_module: dict[str, ComparisonDocument]


class BaselineDocument(Document):
    """``baseline set`` and ``show``; ``forced`` is true if it was set in spite of failing tests."""

    oid: str
    set_at: float
    forced: bool
    totals: TotalsDocument


class BaselineComparisonDocument(Document):
    """``baseline compare``; ``suite_difference`` says what else than the files differs, empty if nothing."""

    oid: str
    baseline: str
    verdict: str
    totals: TotalsDocument
    compared: SuiteComparisonDocument
    suite_difference: str = ""


def comparison_document(comparison: Comparison) -> ComparisonDocument:
    """Return the differences from an earlier run."""
    return ComparisonDocument(
        newly_failing=comparison.newly_failing,
        still_failing=comparison.still_failing,
        fixed=comparison.fixed,
        newly_skipped=comparison.newly_skipped,
        new=comparison.added,
        vanished=comparison.removed,
        failing_without_changes=comparison.failing_without_changes,
        flaky=comparison.flaky,
    )


def suite_comparison_document(comparison: SuiteComparison) -> SuiteComparisonDocument:
    """Return the differences from an earlier run, also by module."""
    return SuiteComparisonDocument(
        whole=comparison_document(comparison.overall),
        by_module={module: comparison_document(each) for module, each in comparison.by_module.items()},
    )
