"""The tests that a change affects: are all named, how many others, how soon, and at what cost?

    python -m benchmarks.impact [--engine pytest] [--suites A,B] [--edits 50] [--live 3] [--rounds 3]

The suites are those of benchmarks/engine. batchhook and pytest-testmon record each once. Then one file at a time is
edited: in a function, outside of functions, in a test, or in a data file. The suite's own framework tells which tests
that breaks. A broken test that was not selected is a *miss*. Some faults are committed for real, each with the
correction after it, to time what the hook's background run says. Last, the cost of recording is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.engine.cache import Cache, add_arguments, add_engine_arguments, open_cache, prepare_suites
from benchmarks.engine.suites import PYTEST, UNITTEST, Suite
from benchmarks.impact.edits import EditKind, draw_edits
from benchmarks.impact.live import Answer, commit_faults
from benchmarks.impact.overhead import BASELINES, ratios, time_all
from benchmarks.impact.selection import Judged, RecordedSuite, Selection

DEFAULT = {UNITTEST: "pyflakes,Markdown,cssselect", PYTEST: "jinja2,click,tomlkit"}
GOAL_SHARE, GOAL_FIRST = 0.2, 0.1
"""Of a suite's time: the median of what is selected, and the end of the first test that fails."""

console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)


@dataclass(frozen=True, slots=True)
class SuiteFigures:
    """All figures of one suite.

    Attributes:
        tests, seconds: of the whole suite; the sum of the tests' durations.
        rival_error: why testmon could not record it; empty if it could.
        judged: the edits.
        answers: to faults that were committed for real.
        overhead: seconds of each way to run the suite.
    """

    suite: Suite
    tests: int
    seconds: float
    rival_error: str
    judged: Sequence[Judged]
    answers: Sequence[Answer]
    overhead: Mapping[str, Sequence[float]]


def measure(suite: Suite, cache: Cache, options: argparse.Namespace) -> SuiteFigures:
    """Measure one suite."""
    recorded = RecordedSuite(suite, cache)
    edits = draw_edits(recorded.clone, options.edits, options.seed)
    judged = [each for edit in edits if (each := recorded.judge(edit)) is not None]
    faults = [each.edit for each in judged if each.broken and each.edit.kind is EditKind.FUNCTION][: options.live]
    answers = list(commit_faults(recorded.clone, faults))
    overhead = time_all(suite, cache, options.rounds) if options.rounds else {}
    durations = recorded.durations
    return SuiteFigures(
        suite, recorded.tests, sum(durations.values()), recorded.testmon.error, judged, answers, overhead
    )


# --- output -----------------------------------------------------------------------------------------------------------


def show(figures: SuiteFigures) -> None:
    """Print the tables of one suite, and every miss."""
    console.print(f"\n[bold]{figures.suite.name}[/], {figures.tests} tests, {figures.seconds:.1f} s")
    console.print(make_table([figures]))
    if figures.rival_error:
        console.print(f"  testmon could not record this suite: {figures.rival_error}", markup=False)
    for judged in figures.judged:
        for name, selection in (("batchhook", judged.ours), ("testmon", judged.theirs)):
            if selection and selection.missed:
                kind, missed = judged.edit.kind.value, ", ".join(selection.missed[:3])
                line = (
                    f"  {name} missed {len(selection.missed)} of {len(judged.broken)} ({kind}): {judged.edit.subject}"
                )
                console.print(f"{line}: {missed}", markup=False, soft_wrap=True)
    for answer in figures.answers:
        seconds = "nothing was said" if answer.seconds is None else f"{answer.seconds:.2f} s"
        label = "fault" if answer.is_fault else "correction"
        wrong = "" if answer.is_right else "  WRONG"
        console.print(f"  {label} committed in {answer.commit:.2f} s, {seconds}: {answer.text}{wrong}", markup=False)
    if figures.overhead:
        medians = {name: statistics.median(seconds) for name, seconds in figures.overhead.items()}
        console.print("  " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in medians.items()))
        console.print(
            "  "
            + ", ".join(f"{name} {ratio:.2f} x {BASELINES[name]}" for name, ratio in ratios(figures.overhead).items())
        )


HEADINGS = ("edits", "number", "breaking", "tool", "missed in", "missed tests", "tests", "time", "first failure")


def make_table(all_figures: Sequence[SuiteFigures]) -> Table:
    """Return the table of the selections in some suites; shares are medians."""
    table = Table()
    for place, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if place in {0, 3} else "right")
    for kind in (*EditKind, None):
        pairs = [
            (figures, each) for figures in all_figures for each in figures.judged if kind in {None, each.edit.kind}
        ]
        if pairs:
            for row in _rows(kind.value if kind else "all", pairs):
                table.add_row(*row)
    return table


def _rows(label: str, pairs: Sequence[tuple[SuiteFigures, Judged]]) -> Iterator[tuple[str, ...]]:
    breaking = sum(bool(judged.broken) for _, judged in pairs)
    for tool in ("batchhook", "testmon"):
        selections = [(figures, _selection(judged, tool)) for figures, judged in pairs]
        made = [(figures, each) for figures, each in selections if each is not None]
        if not made:
            continue
        firsts = [each.first / figures.seconds for figures, each in made if each.first is not None]
        yield (
            label if tool == "batchhook" else "",
            str(len(pairs)) if tool == "batchhook" else "",
            str(breaking) if tool == "batchhook" else "",
            tool,
            str(sum(bool(each.missed) for _, each in made)),
            str(sum(len(each.missed) for _, each in made)),
            _median([each.tests / figures.tests for figures, each in made]),
            _median([each.seconds / figures.seconds for figures, each in made]),
            _median(firsts) if tool == "batchhook" else "",
        )


def _selection(judged: Judged, tool: str) -> Selection | None:
    return judged.ours if tool == "batchhook" else judged.theirs


def _median(shares: Sequence[float]) -> str:
    return f"{statistics.median(shares):.1%}" if shares else "-"


def make_document(figures: SuiteFigures) -> dict[str, Any]:
    """Return all figures of one suite as a JSON document."""
    return {
        "suite": figures.suite.name,
        "tests": figures.tests,
        "seconds": figures.seconds,
        "edits": [_edit_document(judged) for judged in figures.judged],
        "answers": [
            {"fault": each.is_fault, "seconds": each.seconds, "text": each.text, "right": each.is_right}
            for each in figures.answers
        ],
        "overhead": {name: list(seconds) for name, seconds in figures.overhead.items()},
    }


def _edit_document(judged: Judged) -> dict[str, Any]:
    return {
        "kind": judged.edit.kind.value,
        "subject": judged.edit.subject,
        "broken": sorted(judged.broken),
        **{
            tool: {"tests": each.tests, "seconds": each.seconds, "missed": each.missed, "first": each.first}
            for tool in ("batchhook", "testmon")
            if (each := _selection(judged, tool)) is not None
        },
    }


def main() -> None:
    """Parse the command line, measure, and print the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.impact",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--edits", type=int, default=50, metavar="N", help="edits of each suite (50)")
    parser.add_argument("--live", type=int, default=3, metavar="N", help="faults of each suite to commit for real (3)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds of the overhead (3); 0 for none")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    add_arguments(parser)
    add_engine_arguments(parser)
    options = parser.parse_args()
    options.suites = options.suites or DEFAULT[options.engine]
    cache = open_cache(options)
    console.print(
        f"Shares are medians. The goals: nothing missed, {GOAL_SHARE:.0%} of the time, the first failure within "
        f"{GOAL_FIRST:.0%}. Load: {os.getloadavg()[0]:.1f}."
    )
    results = []
    for suite in prepare_suites(parser, options, cache, with_sources=True):
        results.append(measure(suite, cache, options))
        show(results[-1])
        if options.json:
            options.json.write_text(json.dumps([make_document(each) for each in results], indent=1) + "\n")
    if len(results) > 1:
        console.print("\n[bold]all suites[/]")
        console.print(make_table(results))


if __name__ == "__main__":
    main()
