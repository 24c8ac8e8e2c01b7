"""What came of recording a change."""

from __future__ import annotations

from batchhook.report.json_models.analysis import AnalysisDocument
from batchhook.report.json_models.base import Document
from batchhook.report.json_models.batches import ChangeDocument


class RecordDocument(Document):
    """``record --json``.

    ``change`` is null where nothing had changed, and nothing was counted. ``batch`` is the open one, with ``filled`` of
    its ``size`` (of ``unit``: "commit" or "file"); ``full`` are the batches that this change has filled, whose tests
    run now. ``untouched`` are paths that were named and had not changed. ``analysis`` is null unless the tests were
    waited for.
    """

    change: ChangeDocument | None
    batch: int
    size: int
    unit: str
    filled: int
    full: tuple[int, ...]
    untouched: tuple[str, ...]
    analysis: AnalysisDocument | None = None
