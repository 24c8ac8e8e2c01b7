"""``batchhook affected``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, project


def affected(
    revision: Annotated[
        str, typer.Argument(metavar="REF", help="The commit whose change counts, or a range A..B.")
    ] = "HEAD",
    staged: Annotated[bool, typer.Option("--staged", help="Take what is staged for the next commit.")] = False,
    worktree: Annotated[bool, typer.Option("--worktree", help="Take all uncommitted changes.")] = False,
    _json: Json = False,
) -> None:
    """List the tests that a change can affect, and why."""
    from batchhook.workflow.impact.query import change_source, query_affected

    source = change_source(revision, staged=staged, worktree=worktree)
    with project() as opened:
        answer = query_affected(opened, source, revision)
        if options.json:
            from batchhook.workflow import serializers

            emit(serializers.affected_document(answer, opened.settings.source_roots))
            return
        from batchhook.report.console import affected as report

        out = console()
        out.print(report.affected(answer.subject, answer.tests, answer.total, (answer.seconds, answer.total_seconds)))
        for block in report.details(answer.tests, opened.settings.source_roots):
            out.print(block)
