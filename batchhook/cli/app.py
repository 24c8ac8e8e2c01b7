"""The commands, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

import batchhook
from batchhook.cli.options import options

COMMANDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Hooks": {"install": ("install", "uninstall", "doctor"), "prune": ("prune",), "notify": ("notify",)},
    "Seeing": {"status": ("status", "log", "show", "wait", "analyze", "ack"), "baseline": ("baseline",)},
    "Reports": {"report": ("report", "export", "schema")},
    "Going back": {"rollback": ("rollback", "undo", "redo"), "operations": ("operations",), "backups": ("backup",)},
    "By hand": {
        "record": ("record",),
        "watch": ("watch",),
        "test": ("test",),
        "bisect": ("bisect",),
        "ci": ("ci",),
        "demo": ("demo",),
    },
}
"""By heading of the help and by module of this folder, the commands in it; each is what the module calls so."""


def application(words: Iterable[str]) -> typer.Typer:
    """The command line, with the commands that it may be about: to load all of them takes longer than most of them do.

    Args:
        words: of the command line; all commands are there where none of them names one.
    """
    app = typer.Typer(
        name="batchhook",
        help="Commit as you like; every fifth change your tests run by themselves.",
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_global_options)
    said = frozenset(words).intersection(name for _, _, name in _commands())
    for heading, module, name in _commands():
        if name in said or not said:
            _add(app, heading, import_module(f"batchhook.cli.{module}"), name)
    return app


def _commands() -> Iterator[tuple[str, str, str]]:
    """Heading, module and name of each command."""
    for heading, modules in COMMANDS.items():
        for module, names in modules.items():
            yield from ((heading, module, name) for name in names)


def _add(app: typer.Typer, heading: str, module: ModuleType, name: str) -> None:
    command = getattr(module, name)
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name, rich_help_panel=heading)
    else:
        app.command(name, cls=getattr(module, "Command", None), rich_help_panel=heading)(command)


def _version(asked: bool) -> None:
    if asked:
        print(f"batchhook {batchhook.__version__}")  # noqa: T201 - this is the output
        raise typer.Exit


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
