"""bisect: by hand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from batchhook.cli.arguments import Json
from batchhook.cli.options import console, emit, options, project
from batchhook.errors import ExitCode
from batchhook.lazy import Late
from batchhook.report.console import bisection
from batchhook.report.console.progress import ProgressLine

if TYPE_CHECKING:
    from batchhook.report import json_models
    from batchhook.workflow.culprits import bisect as searching, request
else:
    json_models = Late("batchhook.report.json_models")
    request = Late("batchhook.workflow.culprits.request")
    searching = Late("batchhook.workflow.culprits.bisect")


def bisect(
    tests: Annotated[list[str] | None, typer.Argument(metavar="TEST", help="Ids of tests that fail at BAD.")] = None,
    *,
    good: Annotated[str, typer.Argument(metavar="GOOD", help="A commit in which they pass.")],
    bad: Annotated[str, typer.Argument(metavar="BAD", help="A later one in which they fail.")],
    command: Annotated[
        str | None,
        typer.Option("--exec", metavar="CMD", help="A command instead of tests: 0 is good, 125 to skip, else bad."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Seconds that CMD may take in one commit; 0: any.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Seconds after which what is known is said.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=0, metavar="N", help="Commits looked at side by side, up to 4.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Look even at what was seen before.")] = False,
    _json: Json = False,
) -> int:
    """Find the commit that broke tests, or a command, among any number; touches none of your files."""
    wanted = request.asked(
        tests or (), good, bad, os.environ, command=command, timeout=timeout, budget=budget, fresh=fresh
    )
    with project(jobs=jobs) as opened:
        scratch = opened.state.run(f"bisect-{os.getpid()}")
        with ProgressLine(Console(stderr=True), "searching") as line:
            found = searching.bisect(opened, wanted, line.draw, scratch)
    if options.json:
        emit(json_models.bisect_document(found))
    else:
        bisection.print_bisection(console(), found)
    return ExitCode.OK if found.is_solved else ExitCode.TESTS_FAILED
