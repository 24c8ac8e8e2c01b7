"""``batchhook ci``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from batchhook.cli.options import Coverage, Jobs, Json, Pattern, emit, options, progress_console
from batchhook.cli.typer_classes import Command

if TYPE_CHECKING:
    from batchhook.core.ci import CiRun
    from batchhook.core.events import RunListener
    from batchhook.core.progress import Progress
    from batchhook.report.ci.provider import CiProvider

_OPTIONAL_VALUE = frozenset({"--compare", "--set-baseline", "--range"})


class CommandClass(Command):
    """A command whose options in ``_OPTIONAL_VALUE`` may stand without a value, which typer does not support."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # typer has its own Context
        """Insert an empty value after such an option without one."""
        words: list[str] = []
        for word, following in zip(args, [*args[1:], "-"], strict=False):  # one more than there are words if none
            words += [word, ""] if word in _OPTIONAL_VALUE and following.startswith("-") else [word]
        return super().parse_args(ctx, words)


def ci(
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Print a line for each test.")] = False,
    set_baseline: Annotated[
        str | None,
        typer.Option(metavar="[FILE|note]", help="If all tests pass, save this run as the baseline: a file or a note."),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(metavar="[FILE|REF|note]", help="Compare with a baseline: a file, a commit, or the nearest note."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Save it as the baseline even if tests fail.")] = False,
    revision_range: Annotated[
        str | None,
        typer.Option("--range", metavar="[A..B]", help="Find the commits in this range that broke what fails at B."),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(min=0, metavar="S", help="Seconds for that search; by default the setting culprit_budget."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="Folder for the reports.")] = Path(
        "test_batch_logs"
    ),
    pattern: Pattern = None,
    start_dir: Annotated[
        str | None, typer.Option("-s", "--start-directory", metavar="DIR", help="Folder where test discovery starts.")
    ] = None,
    top_level_dir: Annotated[
        str | None,
        typer.Option("-t", "--top-level-directory", metavar="DIR", help="Folder that modules are imported from."),
    ] = None,
    jobs: Jobs = None,
    coverage: Coverage = None,
    _json: Json = False,
) -> int:
    """Run the whole suite on this checkout and write reports; needs no installation and leaves no trace in git."""
    from batchhook.report.ci.provider import detect_provider
    from batchhook.workflow.ci.run import CiRequest, run_ci

    request = CiRequest(
        folder=options.folder,
        output=output,
        compare=compare,
        set_baseline=set_baseline,
        force=force,
        revision_range=revision_range,
        budget=budget,
        settings={
            "pattern": pattern,
            "start_dir": start_dir,
            "top_level_dir": top_level_dir,
            "jobs": jobs,
            "coverage": coverage,
        },
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cancelled job cleans up, too
    log = _CiLog(sys.stderr if options.json else sys.stdout, detect_provider(os.environ), is_verbose=verbose)
    result = run_ci(request, os.environ, log)
    if result.baseline_refusal:
        print(  # noqa: T201 - like an error, beside the log
            f"batchhook: {result.baseline_refusal}: the baseline is unchanged", file=sys.stderr
        )
    places = [f"reports: {options.folder / output}"]
    if result.baseline_set:
        places.insert(0, f"baseline: {result.baseline_set}")
    if verbose or not options.json:
        log.print_run(result.run, places)
    log.annotate(result.run)
    if options.json:
        from batchhook.report import json_models

        files = tuple(map(str, result.files))
        emit(json_models.ci_document(result.run, baseline_set=result.baseline_set, files=files))
    return result.run.exit_code


class _CiLog:
    """The part of a CI service's log that is about a run.

    Args:
        stream: to write to.
        service: folds parts of the log and shows annotations.
        is_verbose: print a line for each test.
    """

    def __init__(self, stream: TextIO, service: CiProvider, *, is_verbose: bool) -> None:
        from batchhook.report.console.layout import OutputConsole

        self._stream = stream
        self._service = service
        self._is_verbose = is_verbose
        self._console = OutputConsole(file=stream)

    @contextmanager
    def step(self, title: str) -> Iterator[tuple[RunListener, Callable[[Progress], None]]]:
        """Report a step: a line for each test, or one that is redrawn at a terminal."""
        from batchhook.core.events import StageBegan
        from batchhook.core.sanitize import one_line
        from batchhook.report.ci.provider import folded
        from batchhook.report.ci.test_log import TestLog
        from batchhook.report.console.progress import ProgressLine, ProgressListener

        title = one_line(title)
        with ExitStack() as stack:
            if self._is_verbose:
                stack.enter_context(folded(self._stream, self._service, title))
                lines = TestLog(self._stream)
                yield lines, lambda progress: lines(StageBegan(progress.stage))
            else:
                line = stack.enter_context(ProgressLine(progress_console(), title))
                yield ProgressListener(line), line.draw

    def print_run(self, run: CiRun, places: list[str]) -> None:
        """Print the failures, the verdict, and where files were written to."""
        from batchhook.core.sanitize import one_line
        from batchhook.report.ci import console
        from batchhook.report.ci.provider import folded

        if run.failures:
            with folded(self._stream, self._service, console.count_failures(run)):
                console.print_failures(self._console, run)
        with folded(self._stream, self._service, ""):
            console.print_summary(self._console, run)
            for place in places:
                self._console.print(one_line(place), soft_wrap=True)

    def annotate(self, run: CiRun) -> None:
        """Write annotations, a step summary and step outputs on GitHub; nothing elsewhere."""
        from batchhook.report.ci import github, markdown_summary
        from batchhook.report.ci.provider import CiProvider

        if self._service is not CiProvider.GITHUB:
            return
        for line in github.annotate_failures(run):
            self._stream.write(f"{line}\n")
        self._stream.flush()
        contents = {
            "GITHUB_STEP_SUMMARY": github.step_summary(markdown_summary.markdown(run)),
            "GITHUB_OUTPUT": github.outputs(run).encode(),
        }
        for variable, content in contents.items():
            if os.environ.get(variable):
                with Path(os.environ[variable]).open("ab") as file:
                    file.write(content)
