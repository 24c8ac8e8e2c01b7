"""File copies of the states before batches."""

from __future__ import annotations

from batchhook.report.json_models.base import Document


class BackedUpFileDocument(Document):
    """A file as it was before a batch; ``sha256`` is empty where it did not exist, and for a submodule."""

    path: str
    existed: bool
    mode: str
    sha256: str
    size: int


class BackupDocument(Document):
    """What was copied of a batch: the state at ``commit``, empty where there was none."""

    batch: int
    commit: str
    files: tuple[BackedUpFileDocument, ...]


class BackupsDocument(Document):
    """``backup --json``."""

    backups: tuple[BackupDocument, ...]
