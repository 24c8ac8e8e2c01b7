"""The hooks that plug-ins can implement (``docs/plugins.md``); an implementation takes the arguments it needs.

Documents are frozen pydantic models, as ``--json`` prints them. ``repository`` is the path of a work tree's top folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    """React to a counted change of an open or full batch; called again if an amended change has other files."""


@hookspec
def batchhook_batch_sealed(batch: BatchDocument, repository: str) -> None:
    """React to a full batch; its tests are about to run, or already running."""


@hookspec
def batchhook_run_finished(batch: BatchDocument, run: TestDocument, repository: str) -> None:
    """React to the run and verdict of a full batch; culprits are not known yet."""


@hookspec
def batchhook_analysis_made(analysis: AnalysisDocument, repository: str) -> Mapping[str, Metric] | None:
    """Add to a complete analysis, before the batch is finished.

    Returns:
        metrics of the plug-in, by name, which are stored and shown by ``analyze``; or None. Up to 50: bools, 64-bit
        integers, finite floats, and strings of up to 500 characters.
    """


@hookspec
def batchhook_critical_failure(analysis: AnalysisDocument, repository: str) -> None:
    """React to a critical failure, once its analysis is complete."""


@hookspec
def batchhook_presets() -> Sequence[Mapping[str, object]] | None:
    """Add presets of test commands, for the setting ``preset`` and for projects that show a sign of one.

    Returns:
        the fields of a ``batchhook.plugins.presets.PresetModel`` each.
    """


@hookspec
def batchhook_rolled_back(operation: OperationDocument, repository: str) -> None:
    """React to a rollback, or to the undo of one."""
