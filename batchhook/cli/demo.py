"""``batchhook demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batchhook.cli.options import options
from batchhook.demo.scenario import DemoEngine
from batchhook.errors import UsageError


def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Create the repository here and keep it; by default it is temporary."),
    ] = None,
    engine: Annotated[DemoEngine, typer.Option(help="The framework of the project's tests.")] = DemoEngine.UNITTEST,
    pause: Annotated[float, typer.Option(min=0, metavar="S", help="Seconds to pause between steps.")] = 0.0,
) -> int:
    """Try the whole workflow on a sample project: commits, a test run, its analysis, a rollback."""
    if options.json:
        raise UsageError("the demo has no --json", "batchhook demo")
    from batchhook.demo.walkthrough import run_demo

    return run_demo(folder, engine, pause=pause)
