"""Changes recorded without commits, and the events of a watch."""

from __future__ import annotations

from typing import Literal

from batchhook.report.json_models.analysis import AnalysisDocument
from batchhook.report.json_models.base import Document, Time
from batchhook.report.json_models.batches import ChangeDocument
from batchhook.report.json_models.results import TotalsDocument


class RecordDocument(Document):
    """``record --json``.

    ``change`` is null if nothing had changed, and nothing was counted. ``batch`` is the open one, with ``filled`` of
    its ``size`` (in ``unit``: "commit" or "file"). ``full`` are the batches that this change filled, whose tests run
    now. ``unchanged`` are the named paths without changes, ``omitted`` the untracked files that are too large for a
    snapshot (path -> bytes). ``analysis`` is set only if the run was waited for.
    """

    change: ChangeDocument | None
    batch: int
    size: int
    unit: str
    filled: int
    full: tuple[int, ...]
    unchanged: tuple[str, ...]
    omitted: dict[str, int]
    analysis: AnalysisDocument | None = None


class WatchDocument(Document):
    """One line of ``watch --json``.

    "recorded" and "committed" have the ``change``; "verdict" has ``verdict``, ``totals`` and ``culprits`` (commits) of
    the batch ``verdict_batch``. ``message`` is a sentence, ``hint`` the next step. ``batch`` is the open one, with
    ``filled`` of its ``size`` (in ``unit``: "commit" or "file"); null during a rebase. ``full`` are the batches that
    this event filled.
    """

    event: Literal[
        "started",
        "recorded",
        "committed",
        "verdict",
        "tested",
        "waiting",
        "error",
        "polling",
        "omitted",
        "paused",
        "resumed",
        "ended",
    ]
    at: Time
    message: str
    hint: str
    change: ChangeDocument | None
    batch: int | None
    size: int | None
    unit: str | None
    filled: int | None
    full: tuple[int, ...]
    verdict_batch: int | None
    verdict: str | None
    totals: TotalsDocument | None
    culprits: tuple[str, ...]
