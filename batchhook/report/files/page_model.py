"""What stands on a batch's page, chosen and bounded; ``html`` makes it a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from batchhook.core.analysis import Analysis
from batchhook.core.changes import Commit
from batchhook.core.results import TestResult, Totals, by_module
from batchhook.core.summaries import PastRun
from batchhook.core.tracebacks import frames, shortened
from batchhook.report.console import culprits
from batchhook.report.files import phrases
from batchhook.report.files.plots import Plot, durations_of_batches, share_of_outcomes, slowest_tests
from batchhook.report.json_models import iso_time

MOST_GROUPS = 60
"""Groups of failing tests; the tests of further ones are counted."""
MOST_DETAILED = 200
"""Failing tests that can be unfolded, in all groups together; at least three in each."""
MOST_NAMED = 100
"""Further tests of a group that are named, and tests that are named as fixed, new and the like; more are counted."""
MOST_MODULES = 200
MOST_FILES = 100
TRACEBACKS = 1_000_000
"""Characters of tracebacks."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing test that can be unfolded.

    ``lines`` are those of its traceback, each with whether it is a call in a file that the guilty change touched;
    none where there is no room left for them.
    """

    result: TestResult
    headline: str
    known: tuple[str, ...]
    lines: tuple[tuple[bool, str], ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Blame:
    """A change that is to blame, with the files that it touched and what speaks against it."""

    change: Commit
    when: str
    files: tuple[str, ...]
    evidence: str
    is_stranger: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Failing tests with one cause, or of one module: some to unfold, some by name, and how many are left out."""

    heading: str
    tests: int
    blame: Blame | None
    failures: tuple[Failure, ...]
    names: Named


@dataclass(frozen=True, slots=True)
class Named:
    """Tests by name, and how many more there are."""

    word: str
    number: int
    names: tuple[str, ...]

    @property
    def left_out(self) -> int:
        """How many are not named."""
        return self.number - len(self.names)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the batch, with the first of the files that it touched, and how many more there are."""

    commit: Commit
    when: str
    files: tuple[str, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page, in the order of reading."""

    analysis: Analysis
    when: str
    remarks: tuple[str, ...]
    shares: Plot
    groups: tuple[Group, ...]
    more_groups: Named
    comparisons: tuple[tuple[str, tuple[Named, ...]], ...]
    slowdowns: tuple[tuple[str, str], ...]
    more_slowdowns: int
    unsteady: tuple[tuple[str, Named], ...]
    modules: tuple[tuple[str, Totals], ...]
    more_modules: int
    suites: Plot
    slowest: Plot
    changes: tuple[Change, ...]


def page(analysis: Analysis, past: Sequence[PastRun]) -> Page:
    """Choose what stands on a batch's page.

    Args:
        analysis: of the batch.
        past: its run and those of the batches before it, oldest first.
    """
    wanted = list(_wanted(analysis))
    slower = tuple(phrases.slowdowns(analysis))
    modules = tuple(by_module(analysis.outcome.results).items())
    return Page(
        analysis=analysis,
        when=iso_time(analysis.tested_at),
        remarks=tuple(phrases.remarks(analysis)),
        shares=share_of_outcomes(analysis.outcome.totals),
        groups=tuple(_groups(analysis, wanted[:MOST_GROUPS])),
        more_groups=_named("groups", [_in_a_line(*group) for group in wanted[MOST_GROUPS:]]),
        comparisons=tuple(
            (since, tuple(_named(word, names) for word, names in phrases.kinds(found)))
            for since, found in phrases.comparisons(analysis)
        ),
        slowdowns=slower[:MOST_NAMED],
        more_slowdowns=max(len(slower) - MOST_NAMED, 0),
        unsteady=tuple(_unsteady(analysis.outcome.results)),
        modules=modules[:MOST_MODULES],
        more_modules=max(len(modules) - MOST_MODULES, 0),
        suites=durations_of_batches(past),
        slowest=slowest_tests(analysis.outcome.results),
        changes=tuple(_change(analysis, change) for change in analysis.batch.changes),
    )


_Wanted = tuple[str, Blame | None, tuple[TestResult, ...]]


def _wanted(analysis: Analysis) -> Iterator[_Wanted]:
    """Failing tests under the change that broke them, then those that none did; by module where nobody looked."""
    if not analysis.attributions:
        modules: defaultdict[str, list[TestResult]] = defaultdict(list)
        for result in analysis.failures:
            modules[result.module].append(result)
        for module, failing in sorted(modules.items(), key=lambda item: (-len(item[1]), item[0])):
            yield f"{module}: {len(failing)} failing", None, tuple(failing)
        return
    for change, tests in analysis.blamed:
        yield f"broke {phrases.tests(len(tests))}", _blame(analysis, change, tests), tests
    for kind, heading in phrases.HEADINGS.items():
        others = analysis.failures_of(kind)
        if others:
            yield f"{heading}: {len(others)}", None, others


def _in_a_line(heading: str, blame: Blame | None, _tests: Sequence[TestResult]) -> str:
    return f"{blame.change.oid[:8]} {blame.change.subject}: {heading}" if blame else heading


def _groups(analysis: Analysis, wanted: Sequence[_Wanted]) -> Iterator[Group]:
    room, old = TRACEBACKS, phrases.old(analysis)
    most = max(3, MOST_DETAILED // max(len(wanted), 1))
    for heading, blame, tests in wanted:
        touched = frozenset(edit.path for edit in analysis.edits.get(blame.change.oid, ())) if blame else frozenset()
        detailed = []
        for result in tests[:most]:
            text = shortened(result.traceback)
            room -= len(text)
            known = tuple(phrases.known(analysis, result, old))
            detailed.append(_failure(result, known, text if room >= 0 else "", touched))
        yield Group(
            heading, len(tests), blame, tuple(detailed), _named("more", [test.test_id for test in tests[most:]])
        )


def _failure(result: TestResult, known: tuple[str, ...], text: str, touched: frozenset[str]) -> Failure:
    rows = {frame.row for frame in frames(result.traceback) if frame.path in touched}
    return Failure(
        result=result,
        headline=phrases.headline(result),
        known=known,
        lines=tuple((row in rows, line) for row, line in enumerate(text.splitlines())),
        is_cut=bool(result.traceback) and not text,
    )


def _blame(analysis: Analysis, change: Commit, tests: Sequence[TestResult]) -> Blame:
    return Blame(
        change=change,
        when=iso_time(change.authored_at),
        files=tuple(phrases.edit(file) for file in analysis.edits.get(change.oid, ())[:MOST_FILES]),
        evidence=culprits.pair([analysis.attributions[test.test_id] for test in tests]),
        is_stranger=change.oid in analysis.between,
    )


def _change(analysis: Analysis, change: Commit) -> Change:
    files = analysis.edits.get(change.oid, ())
    shown = tuple(phrases.edit(file) for file in files[:MOST_FILES])
    return Change(change, iso_time(change.authored_at), shown, max(len(files) - MOST_FILES, 0))


def _unsteady(results: Iterable[TestResult]) -> Iterator[tuple[str, Named]]:
    """Tests that failed among strangers only, by what is known of the cause."""
    causes: dict[str, list[str]] = {}
    for result in results:
        if result.needs_company:
            causes.setdefault(result.note, []).append(result.test_id)
    for note, names in causes.items():
        yield note, _named("tests", names)


def _named(word: str, names: Sequence[str]) -> Named:
    return Named(word, len(names), tuple(names[:MOST_NAMED]))
