"""test: running the suite by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from batchhook.cli.arguments import Json
from batchhook.cli.options import console, emit, options, project
from batchhook.core.settings import Isolation, Order
from batchhook.core.verdict import Verdict, judge, summary
from batchhook.errors import ExitCode, UsageError
from batchhook.lazy import Late
from batchhook.report.console import failures
from batchhook.report.console.analysis import remembered
from batchhook.report.console.progress import show_while
from batchhook.store.progress import ProgressWriter
from batchhook.workflow.manual_run import Tested, run_head, wanted
from batchhook.workflow.suite.run import RunListener

if TYPE_CHECKING:
    from batchhook.workflow import serializers
else:
    serializers = Late("batchhook.workflow.serializers")


def test(
    tests: Annotated[
        list[str] | None, typer.Argument(metavar="TEST", help="Only these: ids of tests, classes or modules.")
    ] = None,
    pattern: Annotated[str | None, typer.Option("-p", "--pattern", metavar="PATTERN", help="Only these files.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed when they last ran.")] = False,
    fail_fast: Annotated[bool, typer.Option("-f", "--failfast", help="End at the first failure.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run even what was run before.")] = False,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=0, metavar="N", help="Processes side by side; 0: all processors.")
    ] = None,
    order: Annotated[
        Order | None,
        typer.Option("--order", help="unittest's own, or what saves time; auto finds anew whether tests need one."),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Test the work tree as it is, not what is committed.")
    ] = False,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Test what was recorded last, which may be ahead of HEAD.")
    ] = False,
    progress: Annotated[Path | None, typer.Option(metavar="FILE", hidden=True)] = None,
    _json: Json = False,
) -> int:
    """Run the suite now, on exactly what is committed at HEAD; fills no batch."""
    if recorded and in_place:
        raise UsageError("--recorded and --in-place are two states to test", "say one of them")
    isolation = Isolation.IN_PLACE if in_place else None
    with project(pattern=pattern, jobs=jobs, order=order, isolation=isolation) as opened:
        asked = wanted(opened, tests or (), failed=failed, fresh=fresh, order=order)
        of_record = recorded or opened.location.is_private
        held = "what was recorded last" if of_record else "HEAD"
        label = f"testing {'the work tree' if opened.settings.isolation is Isolation.IN_PLACE else held}"
        with _listening(label, progress) as listener:
            done = run_head(opened, listener, replace(asked, fail_fast=fail_fast), recorded=recorded)
        verdict = judge(done.run.outcome, opened.settings.critical_failure_threshold)
        if options.json:
            emit(serializers.tested_document(done, verdict))
        else:
            _print(done, verdict, "recorded" if of_record else "committed")
    if verdict is Verdict.BROKEN:
        return ExitCode.ERROR
    return ExitCode.OK if verdict.is_good else ExitCode.TESTS_FAILED


@contextmanager
def _listening(label: str, progress: Path | None) -> Iterator[RunListener]:
    """Draw how it goes, or write it into a file for the program that started us (``store/progress.py``)."""
    if progress is None:
        with show_while(Console(stderr=True), label) as drawn:
            yield drawn
    else:
        with closing(ProgressWriter(progress)) as written:
            yield written


def _print(done: Tested, verdict: Verdict, held: str) -> None:
    out, outcome = console(), done.run.outcome
    if done.has_more:
        out.print(f"Tested is what is {held}; the work tree has changes that are not.")
    out.print(f"{done.commit[:8]} {summary(verdict, outcome)}")
    if outcome.hint:
        out.print(outcome.hint)
    if done.remembered:
        out.print(remembered(done.run.started_at, "batchhook test --fresh"))
    failed = tuple(result for result in outcome.results if result.outcome.is_failure)
    known = {result.test_id: failures.flaky(done.flips.get(result.test_id, 0)) for result in failed}
    for part in (*failures.by_modules(failed, known, tracebacks=True), *failures.unsteady(outcome.results)):
        out.print(part)
