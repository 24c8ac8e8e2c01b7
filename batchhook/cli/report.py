"""report, export, schema: what is written for other programs, for a browser, for those who come later."""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from batchhook.cli.arguments import BatchNumber, Json
from batchhook.cli.options import console, emit, options, project
from batchhook.core.sanitize import bytes_shown, one_line
from batchhook.errors import BatchhookError, UsageError
from batchhook.lazy import Late
from batchhook.workflow.context.project import Project

if TYPE_CHECKING:
    from batchhook.report import json_models, schemas
    from batchhook.report.files import filenames
    from batchhook.workflow import serializers as composed
    from batchhook.workflow.reports import export as exporting, write
else:
    json_models, schemas = Late("batchhook.report.json_models"), Late("batchhook.report.schemas")
    filenames = Late("batchhook.report.files.filenames")
    composed = Late("batchhook.workflow.serializers")
    exporting, write = Late("batchhook.workflow.reports.export"), Late("batchhook.workflow.reports.write")

_LATEST = 20
"""Batches whose own files are exported where nobody says which."""


def report(
    number: BatchNumber,
    in_browser: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    _json: Json = False,
) -> None:
    """One batch as a page for a browser: write it anew, and say where it is."""
    with project() as opened:
        files = write.write_own(opened, number)
    page = files[filenames.page(number)]
    if options.json:
        emit(composed.report_document(number, files))
    else:
        console().print(Text(one_line(bytes_shown(str(page)))), soft_wrap=True)
    if in_browser and not webbrowser.open(page.as_uri()):
        raise BatchhookError("no browser could be started", f"open the file by hand: {page}")


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to.")] = Path("test_batch_logs"),
    most: Annotated[
        int | None, typer.Option("-n", metavar="N", min=0, help=f"The latest N batches' own files; else {_LATEST}.")
    ] = None,
    batch: Annotated[
        list[int] | None, typer.Option("--batch", metavar="N", min=1, help="This batch's own files; several times.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All batches' own files.")] = False,
    backups: Annotated[bool, typer.Option("--backups", help="The files as they were before the batches, too.")] = False,
    _json: Json = False,
) -> None:
    """Write reports into a folder, for other programs and for CI to keep."""
    if sum((most is not None, bool(batch), every)) > 1:
        raise UsageError("only one of -n, --batch, --all", "batchhook export --help")
    target = options.folder / folder
    with project() as opened, Progress(console=Console(stderr=True), transient=True, disable=options.json) as progress:
        task = progress.add_task("exporting", total=None, visible=False)
        done = exporting.export(
            opened,
            target,
            _chosen(opened, batch, None if every else _LATEST if most is None else most),
            with_backups=backups,
            told=lambda ended, of: progress.update(task, completed=ended, total=of, visible=of > _LATEST),
        )
    if options.json:
        emit(composed.export_document(done))
        return
    console().print(f"{len(done.files)} files in {one_line(bytes_shown(str(done.folder)))}: {_said(done.batches)}")


def _chosen(opened: Project, named: Sequence[int] | None, most: int | None) -> Sequence[int]:
    opened.reconcile()
    return named or exporting.latest(opened, most)


def _said(batches: Sequence[int]) -> str:
    if not batches:
        return "no batch's own"
    if len(batches) == 1:
        return f"batch {batches[0]}"
    return f"{len(batches)} batches, {batches[0]} to {batches[-1]}"


def schema(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A command, or a file.")] = None,
    _json: Json = False,
) -> None:
    """The JSON Schema of a --json document or of a file; without NAME, which there are."""
    if name is not None:
        print(json.dumps(schemas.schema(name), indent=2))  # noqa: T201 - this is the output
        return
    if options.json:
        entries = (json_models.SchemaEntryDocument(name=key, of=one.of) for key, one in schemas.PUBLISHED.items())
        emit(json_models.SchemasDocument(schemas=tuple(entries)))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, one in schemas.PUBLISHED.items():
        table.add_row(key, Text(one.of, style="dim"))
    console().print(table)
