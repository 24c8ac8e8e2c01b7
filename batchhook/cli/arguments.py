"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from batchhook.cli.options import options

BatchNumber = Annotated[int, typer.Argument(metavar="N", min=1, help="The batch's number.")]


def _turn_on_json(asked: bool) -> None:
    options.json = options.json or asked


Json = Annotated[bool, typer.Option("--json", callback=_turn_on_json, help="Print one JSON document.")]
"""``--json`` after the command, where most people write it; the same as before it."""
