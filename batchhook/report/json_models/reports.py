"""Files that were written about batches, and the schemas of these and of all documents."""

from __future__ import annotations

from batchhook.report.json_models.base import Document


class ReportDocument(Document):
    """``report N --json``: where the page is, and every file of the batch by its name."""

    batch: int
    page: str
    files: dict[str, str]


class ExportDocument(Document):
    """``export --json``: the folder, the batches whose own files were written; all files, relative to the folder."""

    folder: str
    batches: tuple[int, ...]
    files: tuple[str, ...]


class SchemaEntryDocument(Document):
    """A document or file that has a published JSON Schema."""

    name: str
    of: str


class SchemasDocument(Document):
    """``schema --json`` without a name."""

    schemas: tuple[SchemaEntryDocument, ...]
