"""status, log, show, wait, analyze: where everything stands, and what a run told."""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding

from batchhook.cli.arguments import BatchNumber, Json
from batchhook.cli.options import console, emit, options, project
from batchhook.cli.run_summary import exit_code, print_end
from batchhook.core.changes import Batch
from batchhook.core.results import Totals
from batchhook.core.verdict import Verdict
from batchhook.errors import ExitCode
from batchhook.lazy import Late
from batchhook.report.console import layout
from batchhook.report.console.analysis import print_analysis
from batchhook.report.console.operations import print_cut_short
from batchhook.report.console.progress import show as show_progress
from batchhook.workflow.context.interrupted import said_of
from batchhook.workflow.status import analyze as analysis, gate, spawn
from batchhook.workflow.status.analyze import Entry, Status
from batchhook.workflow.status.wait import UnderWay, deadline, follow, full_batch, standing

if TYPE_CHECKING:
    from batchhook.workflow import serializers
else:
    serializers = Late("batchhook.workflow.serializers")


def status(
    unseen: Annotated[
        bool,
        typer.Option("--unseen", help="Only what did not pass and nobody has looked at; ends with 1 if there is any."),
    ] = False,
    _json: Json = False,
) -> int:
    """Where the open batch stands, what is being tested, the latest verdicts."""
    with project() as opened:
        found = analysis.status(opened)
        spawn.wake(opened.location, opened.database, os.environ, found.count)
        if options.json:
            emit(serializers.status_document(found))
        elif unseen:
            for said in chain.from_iterable(found.unseen.values()):
                console().print(said, soft_wrap=True)
        else:
            _print_status(found)
    return ExitCode.TESTS_FAILED if unseen and found.unseen else ExitCode.OK


def _print_status(found: Status) -> None:
    batch = found.count.as_batch() if found.count else None
    latest = layout.log_table(_row(entry) for entry in found.latest)
    layout.print_status(console(), batch, [each.batch for each in found.under_way], latest)
    if found.critical is not None:
        layout.print_unanswered(console(), found.critical)
    if found.cut_short is not None:
        print_cut_short(console(), *said_of(found.cut_short))


def log(
    most: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many at most.")] = 20,
    _json: Json = False,
) -> None:
    """Batches so far, newest first."""
    with project() as opened:
        opened.reconcile()
        entries = analysis.log(opened, most)
        if options.json:
            emit(serializers.log_document(entries))
            return
        if entries:
            console().print(layout.log_table(_row(entry) for entry in entries))
        else:
            console().print("No batch yet: the first begins with the next commit.")


def show(number: BatchNumber, _json: Json = False) -> None:
    """One batch: its changes and the files that they touched."""
    with project() as opened:
        entry, edits = analysis.show(opened, number)
        if options.json:
            emit(serializers.show_document(entry, edits))
            return
        out = console()
        out.print(layout.log_table([_row(entry)]))
        out.print()
        out.print(Padding(layout.changes(entry.batch.changes, edits), (0, 2)))


def wait(
    number: Annotated[
        int | None, typer.Argument(metavar="N", min=1, help="The batch; else the latest full one.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(min=0, metavar="S", help="Seconds to wait at most.")] = None,
    _json: Json = False,
) -> int:
    """Follow a run to its end; the exit code is the verdict's, 4 if it goes on, 5 if there is none to follow."""
    with project() as opened:
        count = opened.reconcile()
        chosen = full_batch(opened, number)
        spawn.wake(opened.location, opened.database, os.environ, count)
        progress = follow(opened, chosen, deadline(timeout))
        show_progress(Console(stderr=True), f"batch {chosen}", progress)
        left = standing(opened, chosen)
        if left is not None:
            return _tell_under_way(left)
        found = analysis.analyze(opened, chosen)
        if options.json:
            emit(serializers.analysis_document(found))
        else:
            print_end(console(), found)
        return exit_code(found.verdict)


def _tell_under_way(left: UnderWay) -> ExitCode:
    if options.json:
        emit(serializers.under_way_document(left))
    else:
        layout.print_under_way(console(), left.batch, left.verdict, left.progress)
    return ExitCode.RUNNING


def analyze(
    number: BatchNumber,
    tracebacks: Annotated[
        bool, typer.Option("--tracebacks", "-t", help="Show each failure's whole text, each timing.")
    ] = False,
    _json: Json = False,
) -> int:
    """What a batch's run told: failures by culprit, what became slower, its changes, what to do next."""
    with project() as opened:
        count = opened.reconcile()
        spawn.wake(opened.location, opened.database, os.environ, count)
        found = analysis.analyze(opened, number)
        if options.json:
            emit(serializers.analysis_document(found))
        else:
            print_analysis(console(), found, tracebacks=tracebacks)
        return exit_code(found.verdict)


def ack(number: BatchNumber, _json: Json = False) -> None:
    """Take a batch that failed critically as it is: the pre-commit hook says no more about it."""
    with project() as opened:
        gate.acknowledge(opened, number)
    if options.json:
        emit(serializers.ack_document(number))
    else:
        console().print(f"Batch {number} is taken as it is.")


def _row(entry: Entry) -> tuple[Batch, Verdict | None, Totals | None]:
    return entry.batch, entry.verdict, entry.totals
