"""The JSON Schemas of all that batchhook gives to programs: the ``--json`` documents, and the files it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchhook.errors import BatchhookError
from batchhook.report import json_models
from batchhook.report.files import filenames
from batchhook.report.files.batch_tracker import TrackerFile
from batchhook.report.files.critical_failure import CriticalFile
from batchhook.report.files.regressions import RegressionsFile
from batchhook.report.files.run_history import HistoryFile
from batchhook.report.json_models import Document

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Published:
    """Something with a schema: what it is, and the model that it is made from."""

    of: str
    model: type[Document]


_COMMANDS: Mapping[str, type[Document]] = {
    "ack": json_models.AckDocument,
    "analyze": json_models.AnalysisDocument,
    "backup": json_models.BackupsDocument,
    "baseline compare": json_models.BaselineComparisonDocument,
    "baseline set": json_models.BaselineDocument,
    "baseline show": json_models.BaselineDocument,
    "bisect": json_models.BisectDocument,
    "ci": json_models.CiDocument,
    "doctor": json_models.DoctorDocument,
    "export": json_models.ExportDocument,
    "install": json_models.InstalledDocument,
    "log": json_models.LogDocument,
    "notify": json_models.NotifiedDocument,
    "operations": json_models.OperationsDocument,
    "operations finish": json_models.OperationDocument,
    "prune": json_models.PruneDocument,
    "record": json_models.RecordDocument,
    "redo": json_models.OperationDocument,
    "report": json_models.ReportDocument,
    "rollback": json_models.OperationDocument,
    "schema": json_models.SchemasDocument,
    "show": json_models.EntryDocument,
    "status": json_models.StatusDocument,
    "test": json_models.TestDocument,
    "undo": json_models.OperationDocument,
    "uninstall": json_models.UninstalledDocument,
    "wait": json_models.AnalysisDocument,
    "watch": json_models.WatchDocument,
}
"""By the words of the command."""

_FILES: Mapping[str, type[Document]] = {
    filenames.TRACKER: TrackerFile,
    filenames.HISTORY: HistoryFile,
    filenames.RESULTS: json_models.CiResultsDocument,
    filenames.BASELINE: json_models.BaselineResultsDocument,
    filenames.REGRESSIONS: RegressionsFile,
    filenames.critical("N"): CriticalFile,
}
"""By the file's name; N stands for a batch's number."""

PUBLISHED: Mapping[str, Published] = {
    **{words.replace(" ", "-"): Published(f"batchhook {words} --json", of) for words, of in _COMMANDS.items()},
    "restoration": Published(
        "rollback N --from-backup and the undo of it, with --json", json_models.RestorationDocument
    ),
    "waiting": Published("wait with --json that ends with 4, since its time is up", json_models.UnderWayDocument),
    "error": Published("any command with --json that could not do its work", json_models.ErrorDocument),
    **{name.removesuffix(".json").removesuffix("_batch_N"): Published(name, of) for name, of in _FILES.items()},
}
"""By the schema's name."""


def schema(name: str) -> dict[str, object]:
    """A JSON Schema (2020-12).

    Args:
        name: one of ``PUBLISHED``; the words of a command or the name of a file will do.

    Raises:
        BatchhookError: there is none of this name.
    """
    key = name.removesuffix(".json").replace(" ", "-")
    if key not in PUBLISHED:
        raise BatchhookError(f"there is no schema '{name}'", "batchhook schema lists them")
    published = PUBLISHED[key]
    made = published.model.model_json_schema(mode="serialization")
    return {"$schema": _DIALECT, "$id": f"urn:batchhook:schema:{key}", **made, "title": published.of}
