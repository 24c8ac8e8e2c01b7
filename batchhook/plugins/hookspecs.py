"""What plug-ins can be told (``docs/plugins.md``). A plug-in takes of each hook the arguments that it wants.

Documents are frozen pydantic models, as ``--json`` prints them. ``repository`` is the path of a work tree's top folder.
"""

from __future__ import annotations

from collections.abc import Mapping

import pluggy

from batchhook.core.metrics import Metric
from batchhook.plugins.discovery import GROUP
from batchhook.report.json_models import (
    AnalysisDocument,
    BatchDocument,
    ChangeDocument,
    OperationDocument,
    TestDocument,
)

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def batchhook_change_recorded(change: ChangeDocument, batch: BatchDocument, repository: str) -> None:
    """A change counts; ``batch`` holds it, open or full. One that is amended is told again if its files differ."""


@hookspec
def batchhook_batch_sealed(batch: BatchDocument, repository: str) -> None:
    """A batch is full; its tests are about to run, or run already."""


@hookspec
def batchhook_run_finished(batch: BatchDocument, run: TestDocument, repository: str) -> None:
    """A full batch has its run and its verdict; what broke failing tests is not known yet."""


@hookspec
def batchhook_analysis_made(analysis: AnalysisDocument, repository: str) -> Mapping[str, Metric] | None:
    """All is known of a batch, just before it counts as finished.

    Returns:
        metrics of the plug-in's own, by name, which are stored and shown in ``analyze``; or None. Up to 50; bools,
        whole numbers of 64 bits, finite floats, and texts of up to 500 characters.
    """


@hookspec
def batchhook_critical_failure(analysis: AnalysisDocument, repository: str) -> None:
    """A batch has failed critically, and all is known of it."""


@hookspec
def batchhook_rolled_back(operation: OperationDocument, repository: str) -> None:
    """A rollback, or an undo of one, was carried out."""
