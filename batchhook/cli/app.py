"""The command line as a typer application."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import batchhook
from batchhook.cli.options import options
from batchhook.cli.typer_classes import Command, Group

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "Setup": ("install", "uninstall", "doctor", "engines", "prune", "notify"),
    "Results": ("status", "log", "show", "wait", "analyze", "ack", "baseline"),
    "Reports": ("report", "export", "schema"),
    "Rollback": ("rollback", "undo", "redo", "operations", "backup"),
    "On demand": ("record", "watch", "test", "affected", "risk", "bisect", "ci", "mcp", "demo"),
}
"""The commands by heading of the help; each is an attribute of the module of its name."""


def application(arguments: Collection[str]) -> typer.Typer:
    """Build the command line with the commands that its arguments may name: loading all takes longer than most run.

    Args:
        arguments: of the process; all commands are loaded if these name none.
    """
    app = typer.Typer(
        name="batchhook",
        cls=Group,
        help="Commit as you like; every fifth change runs your tests automatically.",
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_set_options)
    named = {name for names in COMMANDS.values() for name in names if name in arguments}
    is_all = not named and "--version" not in arguments
    for heading, names in COMMANDS.items():
        for name in names:
            if is_all or name in named:
                _add(app, heading, name)
    return app


def _add(app: typer.Typer, heading: str, name: str) -> None:
    module = import_module(f"batchhook.cli.{name}")
    command = getattr(module, name)
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name, rich_help_panel=heading)
    else:
        app.command(name, cls=getattr(module, "CommandClass", Command), rich_help_panel=heading)(command)


def _print_version(is_given: bool) -> None:
    if is_given:
        print(f"batchhook {batchhook.__version__}")  # noqa: T201 - the command's output
        raise typer.Exit


def _set_options(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("-C", metavar="DIR", help="Run in this folder's repository.")] = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", metavar="N", help="Changes that fill a batch.")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    options.folder, options.json, options.batch_size = folder, json, batch_size
    if context.invoked_subcommand is None:
        print(context.get_help())  # noqa: T201 - the command's output
