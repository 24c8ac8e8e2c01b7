"""test, demo: by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from batchhook.cli.arguments import Json
from batchhook.cli.options import console, emit, options, project
from batchhook.core.verdicts import Verdict, judge, summary
from batchhook.errors import ExitCode
from batchhook.report import documents, text
from batchhook.report.progress import show_while
from batchhook.workflow.by_hand import run_head


def test(
    pattern: Annotated[str | None, typer.Option("-p", "--pattern", metavar="PATTERN", help="Only these files.")] = None,
    _json: Json = False,
) -> int:
    """Run the suite now, on exactly what is committed at HEAD; fills no batch."""
    with project() as opened:
        console_of_progress = Console(stderr=True)
        with show_while(console_of_progress, "testing HEAD") as listener:
            done = run_head(opened, listener, pattern)
        outcome = done.run.outcome
        verdict = judge(outcome, opened.settings.critical_failure_threshold)
        if options.json:
            emit(
                documents.TestDocument(
                    commit=done.commit,
                    verdict=verdict.value,
                    broken=outcome.broken,
                    hint=outcome.hint,
                    totals=documents.totals_document(outcome.totals),
                    failures=documents.failure_documents(outcome.results),
                )
            )
        else:
            out = console()
            if done.has_more:
                out.print("Tested is what is committed; the work tree has changes that are not.")
            out.print(f"{done.commit[:8]} {summary(verdict, outcome)}")
            if outcome.hint:
                out.print(outcome.hint)
            failed = tuple(result for result in outcome.results if result.outcome.is_failure)
            for part in text.failures(failed, set(), tracebacks=True):
                out.print(part)
        if verdict is Verdict.BROKEN:
            return ExitCode.ERROR
        return ExitCode.OK if verdict.is_good else ExitCode.TESTS_FAILED


def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to build it, and keep it; else it is thrown away.")
    ] = None,
    pause: Annotated[float, typer.Option(min=0, metavar="S", help="Seconds between two steps, to read along.")] = 0.0,
) -> int:
    """The whole story on a small project: five commits, the run, the analysis, the way back."""
    from batchhook.demo.play import play  # noqa: PLC0415 - of use to this command alone

    return play(folder, pause=pause)
