"""``batchhook test``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import Coverage, Jobs, Json, Pattern, console, emit, options, progress_console, project
from batchhook.core.settings import Isolation, RunOrder
from batchhook.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from batchhook.core.events import RunListener
    from batchhook.core.verdict import Verdict
    from batchhook.workflow.context.project import Project
    from batchhook.workflow.manual_run import ManualRun


def test(
    tests: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEST", help="Run only these tests, classes, modules, packages or files."),
    ] = None,
    keyword: Annotated[
        str, typer.Option("-k", metavar="EXPR", help="Run only tests whose names match, as pytest -k or unittest -k.")
    ] = "",
    markers: Annotated[
        str, typer.Option("-m", metavar="EXPR", help="Run only tests with these marks, as pytest -m.")
    ] = "",
    pattern: Pattern = None,
    failed: Annotated[bool, typer.Option("--failed", help="Run only tests that failed in their last run.")] = False,
    affected: Annotated[
        bool, typer.Option("--affected", help="Run only tests that the change at HEAD can affect.")
    ] = False,
    fail_fast: Annotated[bool, typer.Option("-f", "--failfast", help="Stop at the first failure.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run even if the same files were tested before.")] = False,
    jobs: Jobs = None,
    coverage: Coverage = None,
    order: Annotated[
        RunOrder | None,
        typer.Option("--order", help="The order of tests; auto finds out again whether they depend on one."),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Test the work tree as it is, not the commit.")] = False,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Test the last recorded change, which may be newer than HEAD.")
    ] = False,
    skipped: Annotated[
        bool, typer.Option("--skipped", help="Run the tests that are skipped at HEAD in your work tree, and compare.")
    ] = False,
    progress: Annotated[Path | None, typer.Option(metavar="FILE", hidden=True)] = None,
    _json: Json = False,
) -> int:
    """Run the suite now on exactly what is committed at HEAD; fills no batch."""
    if recorded and in_place:
        raise UsageError("--recorded and --in-place are mutually exclusive", "choose one of them")
    if skipped:
        selectors = (("TEST", tests), ("-k", keyword), ("-m", markers), ("--failed", failed), ("--failfast", fail_fast))
        for name, value in (*selectors, ("--affected", affected), ("--in-place", in_place), ("--recorded", recorded)):
            if value:
                raise UsageError(f"--skipped and {name} are mutually exclusive", "choose one of them")
        with project(pattern=pattern, jobs=jobs, order=order) as opened:
            return _run_skipped(opened, progress, fresh=fresh)
    from batchhook.core.verdict import Verdict, judge_suite
    from batchhook.workflow.manual_run import run_head, run_request

    isolation = Isolation.IN_PLACE if in_place else None
    with project(pattern=pattern, jobs=jobs, order=order, isolation=isolation, coverage=coverage) as opened:
        request = run_request(
            opened, _from_top(opened, tests or []), failed=failed, affected=affected, fresh=fresh, order=order
        )
        is_record = recorded or opened.location.is_shadow
        commit = "the last recorded change" if is_record else "HEAD"
        subject = "the work tree" if opened.settings.isolation is Isolation.IN_PLACE else commit
        with _listener(f"testing {subject}", progress) as listener:
            request = replace(request, keyword=keyword, markers=markers, fail_fast=fail_fast)
            run = run_head(opened, listener, request, recorded=recorded)
        verdict = judge_suite(run.run.result, opened.settings.critical_failure_threshold)
        if options.json:
            from batchhook.workflow import serializers

            emit(serializers.test_document(run, verdict))
        else:
            _print(run, verdict, "recorded" if is_record else "committed")
    if verdict is Verdict.BROKEN:
        return ExitCode.ERROR
    return ExitCode.OK if verdict.is_good else ExitCode.TESTS_FAILED


def _run_skipped(opened: Project, progress: Path | None, *, fresh: bool) -> int:
    """Compare the skipped tests with the user's work tree; fail if anything differs."""
    from batchhook.workflow.manual_run import run_skipped

    with _listener("comparing skips", progress) as listener:
        compared = run_skipped(opened, listener, fresh=fresh)
    if options.json:
        from batchhook.report import json_models

        emit(json_models.skip_comparison_document(compared.commit, compared.run, compared.comparison))
    else:
        from batchhook.report.console import skips

        out = console()
        for part in skips.comparison(compared.commit, compared.comparison):
            out.print(part)
    return ExitCode.OK if compared.comparison.is_equal else ExitCode.TESTS_FAILED


def _from_top(opened: Project, words: list[str]) -> list[str]:
    """Make the paths among the words relative to the top of the work tree, whatever folder is the current one."""
    from batchhook.workflow.rollback.selection import paths_from_top

    return [
        "::".join((*paths_from_top(opened, options.folder, [path]), *inside))
        if (options.folder / path).exists() and ("/" in path or path.endswith(".py"))
        else word
        for word in words
        for path, *inside in [word.split("::")]
    ]


@contextmanager
def _listener(label: str, progress: Path | None) -> Iterator[RunListener]:
    """Draw the progress, or write it to a file for the program that started this one (``store/run_events.py``)."""
    if progress is None:
        from batchhook.report.console.progress import live_progress

        with live_progress(progress_console(), label) as live:
            yield live
    else:
        from batchhook.store.run_events import RunEventWriter

        with closing(RunEventWriter(progress)) as writer:
            yield writer


def _print(run: ManualRun, verdict: Verdict, state: str) -> None:
    from batchhook.core.sanitize import one_line
    from batchhook.core.suite_difference import python_of
    from batchhook.core.verdict import summarize_verdict
    from batchhook.report import phrases
    from batchhook.report.console import coverage, failures, layout, skips
    from batchhook.report.console.analysis import reused

    out, result = console(), run.run.result
    if run.has_untested_changes:
        out.print(f"The work tree has changes that are not {state}; they were not tested.")
    if run.unused_environment:
        python, environment = python_of(run.run.suite), run.unused_environment
        line = f"Tested under {python}, not in the active environment (batchhook install --python {environment})."
        out.print(one_line(line), soft_wrap=True)
    out.print(f"{run.commit[:8]} {summarize_verdict(verdict, result)}")
    if result.hint:
        out.print(result.hint)
    if run.is_cached:
        out.print(reused(run.run.started_at, "batchhook test --fresh"))
    failed = tuple(test for test in result.results if test.outcome.is_failure)
    remarks = {test.test_id: phrases.flaky(run.flips.get(test.test_id, 0)) for test in failed}
    for part in (
        *failures.by_module(failed, remarks, tracebacks=True),
        *failures.parallel_only(result.results),
        *failures.skipped(result.results),
        *coverage.coverage(run.coverage, {}),
    ):
        out.print(part)
    if run.uncompared_skips:
        out.print()
        out.print(layout.hints(*skips.next_step(run.uncompared_skips)))
