"""``batchhook bisect``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, progress_console, project
from batchhook.errors import ExitCode


def bisect(
    tests: Annotated[list[str] | None, typer.Argument(metavar="TEST", help="Ids of tests that fail at BAD.")] = None,
    *,
    good: Annotated[str, typer.Argument(metavar="GOOD", help="A commit where they pass.")],
    bad: Annotated[str, typer.Argument(metavar="BAD", help="A later commit where they fail.")],
    command: Annotated[
        str | None,
        typer.Option(
            "--exec",
            metavar="CMD",
            help="Run a command instead of tests: 0 is good, 1 to 124 bad, 125 skips; 126 and up end the search.",
        ),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Maximum seconds for CMD at one commit; 0 for no limit.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Seconds after which to report what is known.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=0, metavar="N", help="Commits to probe in parallel, up to 4.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ignore earlier observations.")] = False,
    _json: Json = False,
) -> int:
    """Find the commit that broke tests, or a command, in any range of history; your files are not touched."""
    from batchhook.report.console.progress import ProgressLine
    from batchhook.workflow.culprits import bisect as searching
    from batchhook.workflow.culprits.request import bisect_request

    request = bisect_request(
        tests or (), good, bad, os.environ, command=command, timeout=timeout, budget=budget, fresh=fresh
    )
    with project(jobs=jobs) as opened:
        scratch = opened.state.run(f"bisect-{os.getpid()}")
        with ProgressLine(progress_console(), "searching") as line:
            result = searching.bisect(opened, request, line.draw, scratch)
    if options.json:
        from batchhook.report import json_models

        emit(json_models.bisect_document(result))
    else:
        from batchhook.report.console import bisection

        bisection.print_bisection(console(), result)
    return ExitCode.OK if result.is_solved else ExitCode.TESTS_FAILED
