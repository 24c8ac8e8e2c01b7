"""demo: the whole story on a small project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batchhook.cli.options import options
from batchhook.demo.play import play
from batchhook.errors import UsageError


def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to build it, and keep it; else it is thrown away.")
    ] = None,
    pause: Annotated[float, typer.Option(min=0, metavar="S", help="Seconds between two steps, to read along.")] = 0.0,
) -> int:
    """The whole story on a small project: five commits, the run, the analysis, the way back."""
    if options.json:
        raise UsageError("the demo is for people: it has no --json", "batchhook demo")
    return play(folder, pause=pause)
