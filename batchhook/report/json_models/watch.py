"""What happens while files are watched."""

from __future__ import annotations

from typing import Literal

from batchhook.report.json_models.base import Document, Time
from batchhook.report.json_models.batches import ChangeDocument
from batchhook.report.json_models.results import TotalsDocument


class WatchDocument(Document):
    """One line of ``watch --json``.

    ``event`` says what happened: "recorded" and "committed" have the ``change``; "verdict" is of the batch ``of``, with
    ``verdict``, ``totals`` and the ``culprits`` (names of changes). ``said`` is a sentence, ``hint`` what can be done.
    ``batch`` is the open one, with ``filled`` of its ``size`` (of ``unit``: "commit" or "file"); null in the middle of
    a rebase. ``full`` are batches that were filled by this.
    """

    event: Literal[
        "began",
        "recorded",
        "committed",
        "verdict",
        "tested",
        "waiting",
        "trouble",
        "polling",
        "paused",
        "resumed",
        "ended",
    ]
    at: Time
    said: str
    hint: str
    change: ChangeDocument | None
    batch: int | None
    size: int | None
    unit: str | None
    filled: int | None
    full: tuple[int, ...]
    of: int | None
    verdict: str | None
    totals: TotalsDocument | None
    culprits: tuple[str, ...]
