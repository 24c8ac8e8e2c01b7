"""``batchhook report``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchhook.cli.options import Json, LatestBatch, console, emit, options, project
from batchhook.errors import BatchhookError


def report(
    number: LatestBatch = None,
    in_browser: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    _json: Json = False,
) -> None:
    """Write a batch's report as a web page and print its path."""
    from batchhook.report.files import filenames
    from batchhook.workflow.reports import write
    from batchhook.workflow.status import wait as waiting

    with project() as opened:
        number = waiting.find_full_batch(opened) if number is None else number
        files = write.write_own_reports(opened, number)
    page = files[filenames.page(number)]
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.report_document(number, files))
    else:
        from batchhook.core.sanitize import escape_bytes, one_line

        console().print(one_line(escape_bytes(str(page))), soft_wrap=True)
    if in_browser:
        import webbrowser

        if not webbrowser.open(page.as_uri()):
            raise BatchhookError("no browser could be started", f"open the file by hand: {page}")
