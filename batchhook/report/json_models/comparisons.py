"""What is different since another run, and the baseline."""

from __future__ import annotations

from batchhook.report.json_models.base import Document
from batchhook.report.json_models.results import TotalsDocument


class ComparisonDocument(Document):
    """What is different since an earlier run: ids of tests; of the whole suite, or of one module."""

    newly_failing: tuple[str, ...]
    still_failing: tuple[str, ...]
    fixed: tuple[str, ...]
    newly_skipped: tuple[str, ...]
    new: tuple[str, ...]
    vanished: tuple[str, ...]


class ComparedDocument(Document):
    """A comparison of the whole suite, and of each module in which anything is different."""

    whole: ComparisonDocument
    by_module: dict[str, ComparisonDocument]


class BaselineDocument(Document):
    """``baseline set`` and ``show``: the commit, when it was set, and whether tests failed that were taken as given."""

    oid: str
    set_at: float
    forced: bool
    totals: TotalsDocument


class BaselineComparisonDocument(Document):
    """``baseline compare``."""

    oid: str
    baseline: str
    verdict: str
    totals: TotalsDocument
    compared: ComparedDocument
