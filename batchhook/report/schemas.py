"""The JSON Schemas of all that batchhook gives to programs: the ``--json`` documents, and the files it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchhook.errors import BatchhookError
from batchhook.report import documents
from batchhook.report.documents import Document
from batchhook.report.files import names
from batchhook.report.files.critical import CriticalFile
from batchhook.report.files.history import HistoryFile
from batchhook.report.files.regressions import RegressionsFile
from batchhook.report.files.tracker import TrackerFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Published:
    """Something with a schema: what it is, and the model that it is made from."""

    of: str
    model: type[Document]


_COMMANDS: Mapping[str, type[Document]] = {
    "ack": documents.AckDocument,
    "analyze": documents.AnalysisDocument,
    "backup": documents.BackupsDocument,
    "baseline compare": documents.BaselineComparisonDocument,
    "baseline set": documents.BaselineDocument,
    "baseline show": documents.BaselineDocument,
    "bisect": documents.BisectDocument,
    "ci": documents.CiDocument,
    "doctor": documents.DoctorDocument,
    "export": documents.ExportDocument,
    "install": documents.InstalledDocument,
    "log": documents.LogDocument,
    "notify": documents.NotifiedDocument,
    "operations": documents.OperationsDocument,
    "operations finish": documents.OperationDocument,
    "prune": documents.PruneDocument,
    "record": documents.RecordDocument,
    "redo": documents.OperationDocument,
    "report": documents.ReportDocument,
    "rollback": documents.OperationDocument,
    "schema": documents.SchemasDocument,
    "show": documents.EntryDocument,
    "status": documents.StatusDocument,
    "test": documents.TestDocument,
    "undo": documents.OperationDocument,
    "uninstall": documents.UninstalledDocument,
    "wait": documents.AnalysisDocument,
    "watch": documents.WatchDocument,
}
"""By the words of the command."""

_FILES: Mapping[str, type[Document]] = {
    names.TRACKER: TrackerFile,
    names.HISTORY: HistoryFile,
    names.RESULTS: documents.CiResultsDocument,
    names.BASELINE: documents.BaselineResultsDocument,
    names.REGRESSIONS: RegressionsFile,
    names.critical("N"): CriticalFile,
}
"""By the file's name; N stands for a batch's number."""

PUBLISHED: Mapping[str, Published] = {
    **{words.replace(" ", "-"): Published(f"batchhook {words} --json", of) for words, of in _COMMANDS.items()},
    "restoration": Published("rollback N --from-backup and the undo of it, with --json", documents.RestorationDocument),
    "waiting": Published("wait with --json that ends with 4, since its time is up", documents.UnderWayDocument),
    "error": Published("any command with --json that could not do its work", documents.ErrorDocument),
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
