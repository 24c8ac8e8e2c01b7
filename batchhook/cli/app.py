"""The commands, put together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import batchhook
from batchhook.cli import (
    backups,
    baseline,
    ci,
    going_back,
    hooks,
    making_room,
    notifying,
    reporting,
    searching,
    seeing,
    testing,
)
from batchhook.cli.options import options

app = typer.Typer(
    name="batchhook",
    help="Commit as you like; every fifth change your tests run by themselves.",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

_HOOKS, _SEEING, _REPORTS, _BACK, _BY_HAND = "Hooks", "Seeing", "Reports", "Going back", "By hand"


def _version(asked: bool) -> None:
    if asked:
        print(f"batchhook {batchhook.__version__}")  # noqa: T201 - this is the output
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _global_options(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("-C", metavar="DIR", help="Work in this folder's repository.")] = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", metavar="N", help="Changes that fill a batch.")
    ] = None,
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    options.folder, options.json, options.batch_size = folder, json, batch_size
    if context.invoked_subcommand is None:
        print(context.get_help())  # noqa: T201 - this is the output


app.command(rich_help_panel=_HOOKS)(hooks.install)
app.command(rich_help_panel=_HOOKS)(hooks.uninstall)
app.command(rich_help_panel=_HOOKS)(hooks.doctor)
app.command(rich_help_panel=_HOOKS)(making_room.prune)
app.command(rich_help_panel=_HOOKS)(notifying.notify)
app.command(rich_help_panel=_SEEING)(seeing.status)
app.command(rich_help_panel=_SEEING)(seeing.log)
app.command(rich_help_panel=_SEEING)(seeing.show)
app.command(rich_help_panel=_SEEING)(seeing.wait)
app.command(rich_help_panel=_SEEING)(seeing.analyze)
app.command(rich_help_panel=_SEEING)(seeing.ack)
app.add_typer(baseline.app, name="baseline", rich_help_panel=_SEEING)
app.command(rich_help_panel=_REPORTS)(reporting.report)
app.command(rich_help_panel=_REPORTS)(reporting.export)
app.command(rich_help_panel=_REPORTS)(reporting.schema)
app.command(rich_help_panel=_BACK)(going_back.rollback)
app.command(rich_help_panel=_BACK)(going_back.undo)
app.command(rich_help_panel=_BACK)(going_back.operations)
app.command(rich_help_panel=_BACK)(backups.backup)
app.command(rich_help_panel=_BY_HAND)(testing.test)
app.command(rich_help_panel=_BY_HAND)(searching.bisect)
app.command(rich_help_panel=_BY_HAND, cls=ci.Command)(ci.ci)
app.command(rich_help_panel=_BY_HAND)(testing.demo)
