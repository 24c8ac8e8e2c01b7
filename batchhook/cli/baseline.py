"""``batchhook baseline set``, ``show`` and ``compare``."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, progress_console, project
from batchhook.cli.typer_classes import Command, Group
from batchhook.errors import ExitCode

if TYPE_CHECKING:
    from batchhook.core.results import Run
    from batchhook.store.baselines import Baseline

baseline = typer.Typer(
    cls=Group, help="Set, show, or compare with a baseline run; alone, show it.", invoke_without_command=True
)

Revision = Annotated[str, typer.Argument(metavar="REF", help="The commit.")]


@baseline.callback()
def _show_by_default(context: typer.Context, _json: Json = False) -> None:
    if context.invoked_subcommand is None:
        show()


@baseline.command("set", cls=Command)
def set_(
    revision: Revision = "HEAD",
    force: Annotated[bool, typer.Option("--force", help="Accept failing tests as the baseline.")] = False,
    _json: Json = False,
) -> None:
    """Make a commit's outcomes the baseline; runs the tests unless these files were tested before."""
    from batchhook.report.console.progress import live_progress
    from batchhook.workflow.baseline import set_baseline

    with project() as opened, live_progress(progress_console(), f"testing {revision}") as listener:
        current, run = set_baseline(opened, revision, os.environ, listener, force=force)
    _show(current, run)


@baseline.command(cls=Command)
def show(_json: Json = False) -> None:
    """Show the current baseline."""
    from batchhook.workflow.baseline import load_baseline

    with project() as opened:
        current, run = load_baseline(opened)
    _show(current, run)


@baseline.command(cls=Command)
def compare(revision: Revision = "HEAD", _json: Json = False) -> int:
    """Compare a commit with the baseline; exit code 2 if tests fail that did not fail there."""
    from batchhook.core.verdict import judge_suite, summarize_verdict
    from batchhook.report.console import comparisons
    from batchhook.report.console.progress import live_progress
    from batchhook.workflow.baseline import compare_with_baseline

    with project() as opened:
        with live_progress(progress_console(), f"testing {revision}") as listener:
            comparison = compare_with_baseline(opened, revision, os.environ, listener)
        verdict = judge_suite(comparison.run.result, opened.settings.critical_failure_threshold)
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.baseline_comparison_document(comparison, verdict))
    else:
        out = console()
        out.print(f"{comparison.oid[:8]} {summarize_verdict(verdict, comparison.run.result)}")
        if comparison.suite_difference:
            out.print(f"these tests {comparison.suite_difference}")
        parts = list(comparisons.full(comparison.compared, is_later=comparison.is_baseline_later))
        word = "before" if comparison.is_baseline_later else "since"
        out.print(f"{word} the baseline ({comparison.baseline.oid[:8]}):" if parts else "No differences.")
        for part in parts:
            out.print(part)
    if comparison.compared.overall.is_regression:
        return ExitCode.REGRESSION
    return ExitCode.OK if verdict.is_good else ExitCode.TESTS_FAILED


def _show(current: Baseline, run: Run) -> None:
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.baseline_document(current, run))
        return
    from batchhook.core.plural import plural

    totals = run.result.totals
    set_at = time.strftime("%Y-%m-%d %H:%M", time.localtime(current.set_at))
    skipped = f", {totals.skipped} skipped" if totals.skipped else ""
    failing = f", {totals.failures} accepted as failing" if current.forced else ""
    unrun = f"; {run.result.unrun.were_not_run}" if run.result.unrun else ""
    counts = f"{plural(totals.tests, 'test')}, {totals.passed} passed{skipped}{failing}{unrun}"
    console().print(f"baseline: {current.oid[:8]}, set {set_at}: {counts}")
