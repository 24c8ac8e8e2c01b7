"""baseline set, show, compare: a run that others are compared with."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from batchhook.cli.arguments import Json
from batchhook.cli.options import console, emit, options, project
from batchhook.core.results import Run
from batchhook.core.verdict import judge, summary
from batchhook.errors import ExitCode
from batchhook.lazy import Late
from batchhook.report.console import comparisons
from batchhook.report.console.progress import show_while
from batchhook.store.baselines import Baseline
from batchhook.workflow import baseline as workflow

if TYPE_CHECKING:
    from batchhook.workflow import serializers
else:
    serializers = Late("batchhook.workflow.serializers")

baseline = typer.Typer(help="A run that others are compared with.", no_args_is_help=True)

Revision = Annotated[str, typer.Argument(metavar="REF", help="Which commit.")]


@baseline.command("set")
def set_(
    revision: Revision = "HEAD",
    force: Annotated[bool, typer.Option("--force", help="Even if tests fail: they are taken as given.")] = False,
    _json: Json = False,
) -> None:
    """Make a commit's outcomes the baseline, at a milestone; tests are run if they were not on these files."""
    with project() as opened, show_while(Console(stderr=True), f"testing {revision}") as listener:
        made, run = workflow.set_baseline(opened, revision, os.environ, listener, force=force)
    _show(made, run)


@baseline.command()
def show(_json: Json = False) -> None:
    """The baseline that holds now."""
    with project() as opened:
        found, run = workflow.shown(opened)
    _show(found, run)


@baseline.command()
def compare(revision: Revision = "HEAD", _json: Json = False) -> int:
    """What is different at a commit; exit code 2 where something fails that did not in the baseline."""
    with project() as opened:
        with show_while(Console(stderr=True), f"testing {revision}") as listener:
            found = workflow.compare_with_baseline(opened, revision, os.environ, listener)
        verdict = judge(found.run.outcome, opened.settings.critical_failure_threshold)
    if options.json:
        emit(serializers.measured_document(found, verdict))
    else:
        out = console()
        out.print(f"{found.oid[:8]} {summary(verdict, found.run.outcome)}")
        parts = list(comparisons.whole(found.compared))
        out.print(f"since the baseline ({found.baseline.oid[:8]}):" if parts else "Nothing is different.")
        for part in parts:
            out.print(part)
    if found.compared.whole.is_regression:
        return ExitCode.REGRESSION
    return ExitCode.OK if verdict.is_good else ExitCode.TESTS_FAILED


def _show(found: Baseline, run: Run) -> None:
    totals = run.outcome.totals
    if options.json:
        emit(serializers.baseline_document(found, run))
        return
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(found.set_at))
    skipped = f", {totals.skipped} skipped" if totals.skipped else ""
    failing = f", {totals.failures} failing that are taken as given" if found.forced else ""
    said = f"{totals.tests} tests, {totals.passed} passed{skipped}{failing}"
    console().print(f"baseline: {found.oid[:8]}, set {when}: {said}")
