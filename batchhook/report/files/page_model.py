"""The content of a batch's page, selected and bounded; ``html`` renders it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batchhook.core.analysis import Analysis
from batchhook.core.commit import Commit
from batchhook.core.coverage.diff_coverage import ChangeCoverage, FileGap
from batchhook.core.plural import plural
from batchhook.core.results import TestResult, Totals, totals_by_module
from batchhook.core.summaries import RunPoint
from batchhook.core.timestamps import iso_time
from batchhook.core.tracebacks import project_frames, shorten_paths
from batchhook.report import coverage, evidence, phrases
from batchhook.report.files.plots import Plot, durations_of_batches, share_of_outcomes, slowest_tests

MAX_GROUPS = 60
"""Groups of failing tests."""
MAX_DETAILED = 200
"""Failing tests with details, in all groups together; at least three in each."""
MAX_NAMED = 100
"""Tests in a list of names."""
MAX_MODULES = 200
MAX_FILES = 100
MAX_PLACES = 200
"""Files with changed lines that no test runs."""
MAX_TRACEBACKS = 1_000_000
"""Characters of tracebacks on the page."""


@dataclass(frozen=True, slots=True)
class FailureDetails:
    """A failing test that can be unfolded.

    Attributes:
        result: of the test.
        name: its id, or what is wrong with a module that cannot be imported.
        headline: its error in a line.
        remarks: what else is known about it.
        lines: of its traceback, each with whether it is a call in a file that the culprit edited.
        is_cut: whether the traceback is left out, since the page is full.
    """

    result: TestResult
    name: str
    headline: str
    remarks: tuple[str, ...]
    lines: tuple[tuple[bool, str], ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class CulpritDetails:
    """A culprit, with its files and the evidence; ``is_intermediate`` if it is not one of the batch's changes."""

    change: Commit
    when: str
    files: tuple[str, ...]
    evidence: str
    is_intermediate: bool


@dataclass(frozen=True, slots=True)
class NameList:
    """Names of tests, and how many there are in all; ``label`` says what kind of difference they are, if any."""

    number: int
    names: tuple[str, ...]
    label: str = ""

    @property
    def left_out(self) -> int:
        """Number of tests that are not named."""
        return self.number - len(self.names)


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failing tests with one culprit, of one kind or of one module: some with details, some by name."""

    heading: str
    culprit: CulpritDetails | None
    failures: tuple[FailureDetails, ...]
    others: NameList


@dataclass(frozen=True, slots=True)
class ChangeDetails:
    """A change of the batch, with the first of its files, and how many more there are."""

    commit: Commit
    when: str
    files: tuple[str, ...]
    files_left_out: int


@dataclass(frozen=True, slots=True)
class BatchPage:
    """The content of the page, in reading order."""

    when: str
    remarks: tuple[str, ...]
    shares: Plot
    groups: tuple[FailureGroup, ...]
    more_groups: NameList
    comparisons: tuple[tuple[str, tuple[NameList, ...]], ...]
    slowdowns: tuple[tuple[str, tuple[tuple[str, str], ...], int], ...]
    parallel_only: tuple[tuple[str, NameList], ...]
    coverage: tuple[str, ...]
    gaps: tuple[tuple[str, tuple[str, ...]], ...]
    more_gaps: int
    modules: tuple[tuple[str, Totals], ...]
    more_modules: int
    suites: Plot
    slowest: Plot
    changes: tuple[ChangeDetails, ...]


def batch_page(analysis: Analysis, history: Sequence[RunPoint]) -> BatchPage:
    """Select the content of a batch's page.

    Args:
        analysis: of the batch.
        history: its run and those of the batches before it, oldest first.
    """
    groups = list(_failure_groups(analysis))
    report = analysis.coverage
    gaps = report.diff.gaps if report and report.diff else ()
    modules = tuple(totals_by_module(analysis.result.results).items())
    return BatchPage(
        when=iso_time(analysis.tested_at),
        remarks=tuple(phrases.remarks(analysis)),
        shares=share_of_outcomes(analysis.result.totals),
        groups=tuple(_detailed_groups(analysis, groups[:MAX_GROUPS])),
        more_groups=_name_list([_group_name(*group) for group in groups[MAX_GROUPS:]]),
        comparisons=tuple(
            (since, tuple(_name_list(test_ids, kind) for kind, test_ids in differences))
            for since, differences in phrases.comparisons(analysis)
        ),
        slowdowns=tuple(
            (heading, tuple(members[:MAX_NAMED]), max(len(members) - MAX_NAMED, 0))
            for heading, members in phrases.slowdown_groups(analysis)
        ),
        parallel_only=tuple(
            (note, _name_list(ids)) for note, ids in phrases.parallel_only(analysis.result.results).items()
        ),
        coverage=tuple(coverage.sentences(report)) if report else (),
        gaps=_places(analysis, gaps[:MAX_PLACES]),
        more_gaps=max(len(gaps) - MAX_PLACES, 0),
        modules=modules[:MAX_MODULES],
        more_modules=max(len(modules) - MAX_MODULES, 0),
        suites=durations_of_batches(history),
        slowest=slowest_tests(analysis.result.results),
        changes=tuple(_change(analysis, change) for change in analysis.batch.changes),
    )


_Group = tuple[str, CulpritDetails | None, tuple[TestResult, ...]]
"""A heading, the culprit if there is one, and the failing tests."""


def _failure_groups(analysis: Analysis) -> Iterator[_Group]:
    """Yield failures by culprit, then those without one; by module if there are no attributions."""
    if not analysis.attributions:
        modules: dict[str, list[TestResult]] = {}
        for result in analysis.failures:
            modules.setdefault(result.module, []).append(result)
        for module, tests in sorted(modules.items(), key=lambda item: (-len(item[1]), item[0])):
            yield f"{module}: {len(tests)} failing", None, tuple(tests)
        return
    for change, culprit_tests in analysis.culprits:
        heading = f"broke {plural(len(culprit_tests), 'test')}"
        yield heading, _culprit(analysis, change, culprit_tests), culprit_tests
    for kind, heading in phrases.HEADINGS.items():
        if others := analysis.failures_of(kind):
            yield f"{heading}: {len(others)}", None, others


def _group_name(heading: str, culprit: CulpritDetails | None, _tests: Sequence[TestResult]) -> str:
    return f"{culprit.change.oid[:8]} {culprit.change.subject}: {heading}" if culprit else heading


def _detailed_groups(analysis: Analysis, groups: Sequence[_Group]) -> Iterator[FailureGroup]:
    room, previous = MAX_TRACEBACKS, phrases.previously_failing(analysis)
    limit = max(3, MAX_DETAILED // max(len(groups), 1))
    for heading, culprit, tests in groups:
        edits = analysis.edits.get(culprit.change.oid, ()) if culprit else ()
        edited = frozenset(edit.path for edit in edits)
        details = []
        for result in tests[:limit]:
            traceback = shorten_paths(result.traceback)
            room -= len(traceback)
            remarks = tuple(phrases.remarks_on(analysis, result, previous))
            details.append(_failure(result, remarks, traceback if room >= 0 else "", edited))
        others = _name_list([phrases.name(test) for test in tests[limit:]])
        yield FailureGroup(heading, culprit, tuple(details), others)


def _failure(result: TestResult, remarks: tuple[str, ...], traceback: str, edited: frozenset[str]) -> FailureDetails:
    rows = {frame.row for frame in project_frames(result.traceback) if frame.path in edited}
    return FailureDetails(
        result=result,
        name=phrases.name(result),
        headline=phrases.headline(result),
        remarks=remarks,
        lines=tuple((row in rows, line) for row, line in enumerate(traceback.splitlines())),
        is_cut=bool(result.traceback) and not traceback,
    )


def _culprit(analysis: Analysis, change: Commit, tests: Sequence[TestResult]) -> CulpritDetails:
    return CulpritDetails(
        change=change,
        when=iso_time(change.authored_at),
        files=tuple(phrases.edit(file) for file in analysis.edits.get(change.oid, ())[:MAX_FILES]),
        evidence=evidence.culprit_evidence([analysis.attributions[test.test_id] for test in tests]),
        is_intermediate=change.oid in analysis.intermediate_commits,
    )


def _change(analysis: Analysis, change: Commit) -> ChangeDetails:
    edits = analysis.edits.get(change.oid, ())
    files = tuple(phrases.edit(file) for file in edits[:MAX_FILES])
    return ChangeDetails(change, iso_time(change.authored_at), files, max(len(edits) - MAX_FILES, 0))


def _places(
    analysis: Analysis, gaps: Sequence[tuple[ChangeCoverage, FileGap]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each change with the places that no test runs."""
    places: dict[str, list[str]] = {}
    for change, gap in gaps:
        places.setdefault(coverage.title(change, analysis.commits), []).append(coverage.place(gap))
    return tuple((title, tuple(names)) for title, names in places.items())


def _name_list(names: Sequence[str], label: str = "") -> NameList:
    return NameList(len(names), tuple(names[:MAX_NAMED]), label)
