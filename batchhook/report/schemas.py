"""JSON Schemas of everything batchhook writes for programs: ``--json`` documents and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchhook.errors import BatchhookError
from batchhook.report import json_models
from batchhook.report.files import filenames
from batchhook.report.files.batch_tracker import TrackerFile
from batchhook.report.files.critical_failure import CriticalFailureFile
from batchhook.report.files.regressions import RegressionsFile
from batchhook.report.files.run_history import RunHistoryFile
from batchhook.report.json_models import Document

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class PublishedSchema:
    """A published schema: the model it is generated from, and what it describes."""

    describes: str
    model: type[Document]


_COMMANDS: Mapping[str, type[Document]] = {
    "ack": json_models.AckDocument,
    "affected": json_models.AffectedDocument,
    "analyze": json_models.AnalysisDocument,
    "backup": json_models.BackupsDocument,
    "baseline": json_models.BaselineDocument,
    "baseline compare": json_models.BaselineComparisonDocument,
    "baseline set": json_models.BaselineDocument,
    "baseline show": json_models.BaselineDocument,
    "bisect": json_models.BisectDocument,
    "ci": json_models.CiDocument,
    "doctor": json_models.DoctorDocument,
    "engines": json_models.EnginesDocument,
    "export": json_models.ExportDocument,
    "install": json_models.InstallDocument,
    "log": json_models.LogDocument,
    "notify": json_models.NotifyDocument,
    "operations": json_models.OperationsDocument,
    "operations finish": json_models.OperationDocument,
    "prune": json_models.PruneDocument,
    "record": json_models.RecordDocument,
    "redo": json_models.OperationDocument,
    "report": json_models.ReportDocument,
    "risk": json_models.RiskDocument,
    "rollback": json_models.OperationDocument,
    "schema": json_models.SchemasDocument,
    "show": json_models.BatchSummaryDocument,
    "status": json_models.StatusDocument,
    "test": json_models.TestDocument,
    "undo": json_models.OperationDocument,
    "uninstall": json_models.UninstallDocument,
    "wait": json_models.AnalysisDocument,
    "watch": json_models.WatchDocument,
}

_FILES: Mapping[str, type[Document]] = {
    filenames.TRACKER: TrackerFile,
    filenames.HISTORY: RunHistoryFile,
    filenames.RESULTS: json_models.CiResultsDocument,
    filenames.BASELINE: json_models.BaselineResultsDocument,
    filenames.REGRESSIONS: RegressionsFile,
    filenames.critical("N"): CriticalFailureFile,
}
"""By file name; N stands for the batch's number."""

PUBLISHED: Mapping[str, PublishedSchema] = {
    **{
        command.replace(" ", "-"): PublishedSchema(f"batchhook {command} --json", model)
        for command, model in _COMMANDS.items()
    },
    "restoration": PublishedSchema(
        "rollback N --from-backup and its undo, with --json", json_models.RestorationDocument
    ),
    "skips": PublishedSchema("test --skipped, with --json", json_models.SkipComparisonDocument),
    "waiting": PublishedSchema("wait --json that ends with 4, since its timeout expired", json_models.ProgressDocument),
    "error": PublishedSchema("any command with --json that fails", json_models.ErrorDocument),
    **{
        name.removesuffix(".json").removesuffix("_batch_N"): PublishedSchema(name, model)
        for name, model in _FILES.items()
    },
}
"""By the schema's name."""


def schema(name: str) -> dict[str, object]:
    """Return a JSON Schema (2020-12).

    Args:
        name: a key of ``PUBLISHED``, the words of a command, or the name of a file.

    Raises:
        BatchhookError: no schema has this name.
    """
    key = name.removesuffix(".json").replace(" ", "-")
    if key not in PUBLISHED:
        raise BatchhookError(f"no schema named '{name}'", "list them: batchhook schema")
    published = PUBLISHED[key]
    body = published.model.model_json_schema(mode="serialization")
    return {"$schema": _DIALECT, "$id": f"urn:batchhook:schema:{key}", **body, "title": published.describes}
