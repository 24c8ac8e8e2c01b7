"""One batch job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.batch import Batch
from batchhook.core.events import RunListener


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A batch that the runner works on.

    Attributes:
        batch: as it was when the runner took it from the queue.
        environment: the runner's.
        listener: follows the job.
        scratch: folder for its temporary files.
    """

    batch: Batch
    environment: Mapping[str, str]
    listener: RunListener
    scratch: Path
