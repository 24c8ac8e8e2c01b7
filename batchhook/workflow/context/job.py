"""What the runner is at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.changes import Batch
from batchhook.store.progress import ProgressWriter


@dataclass(frozen=True, slots=True)
class Task:
    """A batch on its way.

    Attributes:
        batch: as it was when the runner took it up.
        environment: the caller's.
        progress: where it is written how far it is.
        scratch: a folder for its files.
    """

    batch: Batch
    environment: Mapping[str, str]
    progress: ProgressWriter
    scratch: Path
