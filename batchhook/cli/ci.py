"""ci: the suite on a CI service, in a checkout without hooks."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from rich.console import Console
from typer.core import TyperCommand

from batchhook.cli.arguments import Json
from batchhook.cli.options import emit, options
from batchhook.core.ci import Baseline, CiRun
from batchhook.core.progress import Progress
from batchhook.core.sanitize import one_line
from batchhook.errors import UsageError
from batchhook.lazy import Late
from batchhook.report.ci.provider import Service, folded, service_of
from batchhook.report.ci.test_log import Lines
from batchhook.report.console.progress import Drawn, ProgressLine

if TYPE_CHECKING:
    from batchhook.report import json_models
    from batchhook.report.ci import console, github, markdown_summary
    from batchhook.workflow.ci import baselines, checkout, ci_env, ranges, reports, run as running
    from batchhook.workflow.context.project import Project
    from batchhook.workflow.suite.run import RunListener
else:
    json_models = Late("batchhook.report.json_models")
    github, console, markdown_summary = (
        Late(f"batchhook.report.ci.{name}") for name in ("github", "console", "markdown_summary")
    )
    baselines, checkout, ranges, reports, running, ci_env = (
        Late(f"batchhook.workflow.ci.{name}")
        for name in ("baselines", "checkout", "ranges", "reports", "run", "ci_env")
    )

_WIDE = 160
"""Columns of a service's log."""
_VALUE_MAY_BE_LEFT_OUT = frozenset({"--compare", "--set-baseline", "--range"})


class Command(TyperCommand):
    """A command in which some options may stand without their value: typer has no such options."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # typer has its own Context
        """Put an empty value behind such an option where none stands."""
        given: list[str] = []
        for word, follower in zip(args, [*args[1:], "-"], strict=False):  # one follower too many where there are none
            given += [word, ""] if word in _VALUE_MAY_BE_LEFT_OUT and follower.startswith("-") else [word]
        return super().parse_args(ctx, given)


def ci(
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="A line for each test, as it ends.")] = False,
    set_baseline: Annotated[
        str | None,
        typer.Option(metavar="[FILE|note]", help="Make this run the baseline, where nothing fails: a file, or a note."),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(metavar="[FILE|REF|note]", help="Compare with a baseline: a file, a commit, or the nearest note."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make it the baseline even if tests fail.")] = False,
    span: Annotated[
        str | None,
        typer.Option("--range", metavar="[A..B]", help="Find which of these commits broke what fails at B."),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Seconds for that search; as culprit_budget without it.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="Where the reports go.")] = Path(
        "test_batch_logs"
    ),
    pattern: Annotated[str | None, typer.Option("-p", "--pattern", metavar="PATTERN", help="Only these files.")] = None,
    start_dir: Annotated[
        str | None, typer.Option("-s", "--start-directory", metavar="DIR", help="Where discovery starts.")
    ] = None,
    top_level_dir: Annotated[
        str | None, typer.Option("-t", "--top-level-directory", metavar="DIR", help="Where modules are imported from.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=0, metavar="N", help="Processes side by side; 0: all processors.")
    ] = None,
    _json: Json = False,
) -> int:
    """Run the whole suite on this checkout as it is, with reports; needs no install and leaves no trace in git."""
    if force and set_baseline is None:
        raise UsageError("--force is for --set-baseline", "batchhook ci --set-baseline --force")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a job that is cancelled leaves nothing behind, either
    folder = options.folder / output
    places = _Places.of(set_baseline, compare, folder / baselines.FILE_NAME)
    flags = {"pattern": pattern, "start_dir": start_dir, "top_level_dir": top_level_dir, "jobs": jobs}
    log = _Log(sys.stderr if options.json else sys.stdout, service_of(os.environ), is_verbose=verbose)
    with checkout.opened_for_ci(options.folder, os.environ, flags) as project:
        asked = None if span is None else _asked(project, span)
        tip = "HEAD" if asked is None else asked.bad
        baseline = None if places.compare is None else _load(project, places.compare, tip, log)
        if asked is None:
            with log.listening("testing the checkout") as (listener, _):
                run = running.run_checkout(project, os.environ, listener, baseline)
        else:
            run = _run_range(project, asked, budget, log, baseline)
        files = reports.write(folder, run)
        where = "" if places.set is None else _set(project, places.set, run, force=force)
    log.tell(
        run, [*([f"baseline: {where}"] if where else []), f"reports: {folder}"], quiet=options.json and not verbose
    )
    if options.json:
        emit(json_models.ci_document(run, baseline_set=where, files=tuple(map(str, files))))
    return run.exit_code


@dataclass(frozen=True, slots=True)
class _Places:
    """Where baselines are: the one to be set, and the one to be compared with."""

    set: baselines.Place | None
    compare: baselines.Place | None

    @classmethod
    def of(cls, set_baseline: str | None, compare: str | None, default: Path) -> _Places:
        base = options.folder
        target = None if set_baseline is None else baselines.place_to_set(set_baseline, default, base)
        return cls(target, None if compare is None else baselines.place_of(compare, default, base))


def _asked(project: Project, said: str) -> ranges.Span:
    return ranges.span_of(said) if said else ci_env.span_under_test(project.git, os.environ)


def _load(project: Project, place: baselines.Place, tip: str, log: _Log) -> Baseline:
    if place.kind is not baselines.Kind.COMMIT:
        return baselines.read(project, place, tip)
    with log.listening(f"testing the baseline {one_line(place.value)}") as (listener, _):
        return baselines.run(project, place.value, os.environ, listener)


def _run_range(
    project: Project, asked: ranges.Span, budget: float | None, log: _Log, baseline: Baseline | None
) -> CiRun:
    seconds = project.settings.culprit_budget if budget is None else budget
    with log.listening(f"testing {one_line(asked.bad)}") as (listener, tell):
        return ranges.run_range(project, asked, ranges.Means(os.environ, listener, tell, seconds), baseline)


def _set(project: Project, place: baselines.Place, run: CiRun, *, force: bool) -> str:
    """Make a run the baseline; gives where it is, empty where it is refused, which is told."""
    why = baselines.refusal(run, place, force=force)
    if why:
        print(f"batchhook: {why}: the baseline stays as it was", file=sys.stderr)  # noqa: T201 - as an error is told
        return ""
    return baselines.save(project, place, run)


class _Log:
    """What a service's log holds of a run.

    Args:
        stream: where to.
        service: whose log it is.
        is_verbose: whether there is a line for each test.
    """

    def __init__(self, stream: TextIO, service: Service, *, is_verbose: bool) -> None:
        self._stream = stream
        self._service = service
        self._is_verbose = is_verbose
        width = None if service is Service.NONE else _WIDE
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, width=width)

    @contextmanager
    def listening(self, title: str) -> Iterator[tuple[RunListener, Callable[[Progress], None]]]:
        """Whom a run and a search tell how they go, for the length of a block: a line each, or one that is drawn."""
        with ExitStack() as stack:
            if self._is_verbose:
                stack.enter_context(folded(self._stream, self._service, title))
                lines = Lines(self._stream)
                yield lines, lambda progress: lines.stage(progress.stage)
            else:
                line = stack.enter_context(ProgressLine(Console(stderr=True), title))
                yield Drawn(line), line.draw

    def tell(self, run: CiRun, more: list[str], *, quiet: bool) -> None:
        """Print what a run came to, and tell the service; with ``quiet``, the service alone."""
        if not quiet:
            self._print(run, more)
        if self._service is Service.GITHUB:
            self._tell_github(run)

    def _print(self, run: CiRun, more: list[str]) -> None:
        if run.failures:
            with folded(self._stream, self._service, console.failing(run)):
                console.print_failures(self._console, run)
        with folded(self._stream, self._service, ""):
            console.print_rest(self._console, run)
            for line in more:
                self._console.print(one_line(line), soft_wrap=True)

    def _tell_github(self, run: CiRun) -> None:
        for line in github.annotated(run):
            self._stream.write(f"{line}\n")
        self._stream.flush()
        parts = {
            "GITHUB_STEP_SUMMARY": github.step_summary(markdown_summary.markdown(run)),
            "GITHUB_OUTPUT": github.outputs(run).encode(),
        }
        for variable, content in parts.items():
            if os.environ.get(variable):
                with Path(os.environ[variable]).open("ab") as file:
                    file.write(content)
