"""Going back by file copies."""

from __future__ import annotations

from batchhook.report.json_models.base import Document
from batchhook.report.json_models.operations import FateDocument


class LeftDocument(Document):
    """A file of the batch that stays as it is, and why."""

    path: str
    reason: str


class RestorationDocument(Document):
    """``rollback N --from-backup`` and its undo; ``number`` is null for a plan that was not carried out.

    ``batch`` is null for an undo, ``undoes`` for a rollback. ``changed_since`` are files that are not as the batch (or
    the rollback) had left them: with ``--force`` only.
    """

    number: int | None
    batch: int | None
    undoes: int | None
    status: str
    files: tuple[FateDocument, ...]
    left: tuple[LeftDocument, ...]
    changed_since: tuple[str, ...]
    diff: str
