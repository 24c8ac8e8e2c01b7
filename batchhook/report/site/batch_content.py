"""The content of a batch's page, selected and bounded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from batchhook.core.analysis import Analysis
from batchhook.core.commit import Commit
from batchhook.core.coverage.diff_coverage import ChangeCoverage, FileGap
from batchhook.core.culprits.attribution import AttributionKind
from batchhook.core.perf.slowdown import Slowdown, count_phrase
from batchhook.core.plural import plural
from batchhook.core.results import TestResult, Totals, totals_by_module
from batchhook.core.summaries import RunPoint
from batchhook.core.timestamps import iso_time
from batchhook.core.tracebacks import project_frames, shorten_paths
from batchhook.core.views.patch import Patch
from batchhook.report import coverage, evidence, phrases
from batchhook.report.site.charts import Plot, TestBar, durations_of_batches, share_of_outcomes, slowest_tests

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
    """A culprit, with its files and the evidence.

    Attributes:
        observations: what was seen at each revision, of the test with the weakest evidence, oldest first.
        is_intermediate: whether it is not one of the batch's changes.
        patch: what it did; None if that is not known, or shown.
    """

    change: Commit
    when: str
    files: tuple[str, ...]
    files_left_out: int
    evidence: str
    observations: tuple[tuple[str, str], ...]
    is_intermediate: bool
    patch: Patch | None


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
    """Failing tests with one culprit, of one kind or of one module: some with details, some by name.

    Attributes:
        kind: ``yours``, ``flaky``, ``before`` or ``unknown``.
    """

    kind: str
    heading: str
    culprit: CulpritDetails | None
    failures: tuple[FailureDetails, ...]
    others: NameList


@dataclass(frozen=True, slots=True)
class SlowdownGroup:
    """Tests and modules that one change made slower, or one of several.

    Attributes:
        heading: what was done to how many.
        change: that did it; None if no single one is known.
        suspects: oids of the changes that may have done it; empty if there are none.
        worst: the largest ratio.
        rows: name, durations and remark of each; the first of them.
        left_out: number of others.
    """

    heading: str
    change: Commit | None
    suspects: tuple[str, ...]
    worst: float
    rows: tuple[tuple[str, str, str], ...]
    left_out: int
    patch: Patch | None = None


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
    slowdowns: tuple[SlowdownGroup, ...]
    parallel_only: tuple[tuple[str, NameList], ...]
    coverage: tuple[str, ...]
    gaps: tuple[tuple[str, tuple[str, ...]], ...]
    more_gaps: int
    modules: tuple[tuple[str, Totals], ...]
    more_modules: int
    suites: Plot
    slowest: tuple[TestBar, ...]
    changes: tuple[ChangeDetails, ...]


def select_content(analysis: Analysis, history: Sequence[RunPoint], patches: Mapping[str, Patch]) -> BatchPage:
    """Select the content of a batch's page.

    Args:
        analysis: of the batch.
        history: its run and those of the batches before it, oldest first.
        patches: what guilty changes did, by oid.
    """
    groups = list(_failure_groups(analysis, patches))
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
        slowdowns=tuple(_slowdown_groups(analysis, patches))[:MAX_GROUPS],
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


_KINDS = {
    AttributionKind.FLAKY: "flaky",
    AttributionKind.PRE_EXISTING: "before",
    AttributionKind.AMBIGUOUS: "unknown",
}
_Group = tuple[str, str, CulpritDetails | None, tuple[TestResult, ...]]
"""A kind, a heading, the culprit if there is one, and the failing tests."""


def _failure_groups(analysis: Analysis, patches: Mapping[str, Patch]) -> Iterator[_Group]:
    """Yield failures by culprit, then those without one; by module if there are no attributions."""
    if not analysis.attributions:
        modules: dict[str, list[TestResult]] = {}
        for result in analysis.failures:
            modules.setdefault(result.module, []).append(result)
        for module, tests in sorted(modules.items(), key=lambda item: (-len(item[1]), item[0])):
            yield "unknown", f"{module}: {len(tests)} failing", None, tuple(tests)
        return
    for change, culprit_tests in analysis.culprits:
        heading = f"broke {plural(len(culprit_tests), 'test')}"
        yield "yours", heading, _culprit(analysis, change, culprit_tests, patches), culprit_tests
    for kind, heading in phrases.HEADINGS.items():
        if others := analysis.failures_of(kind):
            yield _KINDS[kind], f"{heading}: {len(others)}", None, others


def _group_name(_kind: str, heading: str, culprit: CulpritDetails | None, _tests: Sequence[TestResult]) -> str:
    return f"{culprit.change.oid[:8]} {culprit.change.subject}: {heading}" if culprit else heading


def _detailed_groups(analysis: Analysis, groups: Sequence[_Group]) -> Iterator[FailureGroup]:
    room, previous = MAX_TRACEBACKS, phrases.previously_failing(analysis)
    limit = max(3, MAX_DETAILED // max(len(groups), 1))
    for kind, heading, culprit, tests in groups:
        edits = analysis.edits.get(culprit.change.oid, ()) if culprit else ()
        edited = frozenset(edit.path for edit in edits)
        details = []
        for result in tests[:limit]:
            traceback = shorten_paths(result.traceback)
            room -= len(traceback)
            remarks = tuple(phrases.remarks_on(analysis, result, previous))
            details.append(_failure(result, remarks, traceback if room >= 0 else "", edited))
        others = _name_list([phrases.name(test) for test in tests[limit:]])
        yield FailureGroup(kind, heading, culprit, tuple(details), others)


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


def _culprit(
    analysis: Analysis, change: Commit, tests: Sequence[TestResult], patches: Mapping[str, Patch]
) -> CulpritDetails:
    attributions = [analysis.attributions[test.test_id] for test in tests]
    weakest = min(attributions, key=lambda attribution: attribution.confidence)
    edits = analysis.edits.get(change.oid, ())
    return CulpritDetails(
        change=change,
        when=iso_time(change.authored_at),
        files=tuple(phrases.edit(file) for file in edits[:MAX_FILES]),
        files_left_out=max(len(edits) - MAX_FILES, 0),
        evidence=evidence.culprit_evidence(attributions),
        observations=tuple(evidence.steps(weakest)),
        is_intermediate=change.oid in analysis.intermediate_commits,
        patch=patches.get(change.oid),
    )


def _slowdown_groups(analysis: Analysis, patches: Mapping[str, Patch]) -> Iterator[SlowdownGroup]:
    """Yield confirmed slowdowns by the change that made them, then the inconclusive ones."""
    shown = {change.oid for change, _ in analysis.culprits}
    for suspects, members in analysis.slowdown_groups:
        change = analysis.commits.get(suspects[0]) if len(suspects) == 1 else None
        patch = patches.get(change.oid) if change and change.oid not in shown else None
        yield _slowdown_group(f"made {count_phrase(members)} slower", change, suspects, members, patch)
    unclear = analysis.inconclusive_slowdowns
    if unclear:
        yield _slowdown_group(f"possibly slower (inconclusive): {count_phrase(unclear)}", None, (), unclear, None)


def _slowdown_group(
    heading: str, change: Commit | None, suspects: tuple[str, ...], members: Sequence[Slowdown], patch: Patch | None
) -> SlowdownGroup:
    rows = tuple((phrases.slowdown_name(each), phrases.durations(each), each.reason) for each in members[:MAX_NAMED])
    worst = max(each.comparison.ratio for each in members)
    return SlowdownGroup(heading, change, suspects, worst, rows, len(members) - len(rows), patch)


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
