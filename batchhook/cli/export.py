"""``batchhook export``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, progress_console, project
from batchhook.errors import UsageError

_DEFAULT_LIMIT = 20


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write to.")] = Path("test_batch_logs"),
    limit: Annotated[
        int | None,
        typer.Option(
            "-n", metavar="N", min=0, help=f"Include the reports of the latest N batches; default {_DEFAULT_LIMIT}."
        ),
    ] = None,
    batch: Annotated[
        list[int] | None, typer.Option("--batch", metavar="N", min=1, help="Include this batch's reports; repeatable.")
    ] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Include the reports of all batches.")] = False,
    backups: Annotated[bool, typer.Option("--backups", help="Include the files from before each batch.")] = False,
    site: Annotated[
        bool, typer.Option("--site", help="Write the pages of all batches and tests instead: open index.html.")
    ] = False,
    _json: Json = False,
) -> None:
    """Write reports to a folder, for other programs and as CI artifacts."""
    if sum((limit is not None, bool(batch), is_all)) > 1:
        raise UsageError("-n, --batch and --all are mutually exclusive", "batchhook export --help")
    if site and (limit is not None or batch or is_all or backups):
        raise UsageError("--site writes a whole site, without further options", "batchhook export --site DIR")
    if site:
        _export_site(options.folder / folder)
        return
    from rich.progress import Progress

    from batchhook.workflow.reports import export as exporting

    limit = None if is_all else _DEFAULT_LIMIT if limit is None else limit
    with project() as opened, Progress(console=progress_console(), transient=True, disable=options.json) as progress:
        task = progress.add_task("exporting", total=None, visible=False)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=total > _DEFAULT_LIMIT)

        opened.reconcile()
        numbers = batch or exporting.list_latest(opened, limit)
        result = exporting.export(opened, options.folder / folder, numbers, with_backups=backups, on_progress=show)
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.export_document(result))
        return
    from batchhook.core.plural import plural
    from batchhook.core.sanitize import escape_bytes, one_line

    path = one_line(escape_bytes(str(result.folder)))
    console().print(f"{plural(len(result.files), 'file')} in {path}: {_batches(result.batches)}")


def _batches(numbers: Sequence[int]) -> str:
    if not numbers:
        return "no batch reports"
    if len(numbers) == 1:
        return f"batch {numbers[0]}"
    return f"{len(numbers)} batches, {numbers[0]} to {numbers[-1]}"


def _export_site(folder: Path) -> None:
    from rich.progress import Progress

    from batchhook.workflow.reports.site import write_site

    with project() as opened, Progress(console=progress_console(), transient=True, disable=options.json) as progress:
        task = progress.add_task("writing pages", total=None)
        opened.reconcile()
        result = write_site(opened, folder, lambda done, total: progress.update(task, completed=done, total=total))
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.site_document(result))
        return
    from batchhook.core.plural import plural
    from batchhook.core.sanitize import escape_bytes, one_line

    out = console()
    out.print(f"{plural(len(result.files), 'file')}, to be opened at {one_line(escape_bytes(str(result.page)))}")
    if not result.is_whole:
        out.print(
            f"Pages of the latest {len(result.batches)} of {plural(result.all_batches, 'batch')},"
            f" and of {result.tests} of {plural(result.all_tests, 'test')}: those of which there is most to tell."
        )
