"""``batchhook watch``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchhook.cli.options import Json, options
from batchhook.cli.prompts import ensure_repository
from batchhook.cli.record import InitWithoutAsking


def watch(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Files and folders to watch; by default all.")
    ] = None,
    settle: Annotated[
        float, typer.Option(metavar="S", min=0.05, max=60, help="Seconds without a save that end a burst of saves.")
    ] = 0.3,
    poll: Annotated[
        float, typer.Option(metavar="S", min=0, max=3600, help="Scan all files every S seconds: for network drives.")
    ] = 0,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="S", min=0, help="Stop after S seconds; by default on Ctrl-C.")
    ] = None,
    yes: InitWithoutAsking = False,
    _json: Json = False,
) -> int:
    """Record each burst of saves as a change, and show its test results."""
    options.json_lines = True
    ensure_repository(options.folder, yes=yes)
    from batchhook.cli.watch_loop import run_watch

    return run_watch(paths or [], settle, poll, float("inf") if seconds is None else seconds)
