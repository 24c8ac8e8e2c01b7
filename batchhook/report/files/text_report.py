"""``test_report_batch_N.txt``: the full report with every traceback, in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from batchhook.core.analysis import Analysis
from batchhook.core.plural import percentage, plural
from batchhook.core.results import TestResult, totals_by_module
from batchhook.core.sanitize import one_line, sanitize_lines
from batchhook.core.timestamps import iso_time
from batchhook.core.verdict import summarize_verdict
from batchhook.report import evidence, phrases
from batchhook.report.files.critical_failure import recommended_actions
from batchhook.report.files.failure_entry import LEFT_OUT, MAX_TEXT, limit_text

_DOUBLE_RULE = "=" * 80
_RULE = "-" * 80
_MESSAGE = 200
"""Characters of a message that another section shows in full."""


def full_text(analysis: Analysis, limit: int = MAX_TEXT) -> str:
    """Return the report.

    Args:
        analysis: of the batch.
        limit: characters of messages and tracebacks; the report says which are left out.
    """
    parts = (
        _head(analysis),
        _changes(analysis),
        _culprits(analysis),
        _critical(analysis),
        _modules(analysis),
        _failures(analysis, limit),
        _comparisons(analysis),
        _listed("SLOWDOWNS", phrases.slowdowns(analysis)),
        _parallel_only(analysis),
        _listed("ADDED BY PLUG-INS", phrases.metrics(analysis)),
        _actions(analysis),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(analysis: Analysis) -> Iterator[str]:
    batch = analysis.batch
    yield _DOUBLE_RULE
    yield f"BATCH {batch.id} {one_line(summarize_verdict(analysis.verdict, analysis.result))}"
    if analysis.rollback:
        yield analysis.rollback.summary
    yield _DOUBLE_RULE
    yield f"branch:    {one_line(batch.branch.removeprefix('refs/heads/'))}"
    yield f"commits:   {batch.base or '(the beginning)'} .. {batch.head}"
    yield f"tested at: {iso_time(analysis.tested_at)}"
    yield f"python:    {one_line(analysis.python)}"
    if not analysis.result.broken_reason:
        yield phrases.totals(analysis.result.totals)
    yield from map(one_line, phrases.remarks(analysis))


def _changes(analysis: Analysis) -> Iterator[str]:
    yield from _section("CHANGES")
    for position, change in enumerate(analysis.batch.changes, start=1):
        yield f"{position}. {change.oid}  {one_line(change.subject)}"
        yield f"   {one_line(change.author)}, {iso_time(change.committed_at)}"
        yield from (f"   {one_line(phrases.edit(file))}" for file in analysis.edits.get(change.oid, ()))


def _culprits(analysis: Analysis) -> Iterator[str]:
    if not analysis.attributions:
        return
    yield from _section("CULPRITS")
    for change, tests in analysis.culprits:
        yield f"{change.oid}  {one_line(change.subject)}: broke {plural(len(tests), 'test')}"
        yield f"   {one_line(change.author)}"
        yield f"   {evidence.culprit_evidence([analysis.attributions[test.test_id] for test in tests])}"
        yield from _ids(tests)
    for kind, heading in phrases.HEADINGS.items():
        if others := analysis.failures_of(kind):
            yield f"{heading}: {len(others)}"
            yield from _ids(others)


def _critical(analysis: Analysis) -> Iterator[str]:
    critical = analysis.critical_failure
    if critical is None:
        return
    yield from _section("MOST AFFECTED MODULES")
    for module, totals in critical.modules:
        share = percentage(totals.failure_rate)
        yield f"{totals.failures} of {totals.tests - totals.skipped}  {one_line(module)} ({share})"
    yield from _section("ERRORS")
    for group in critical.error_groups:
        location = f" at {one_line(group.location)}" if group.location else ""
        yield f"{plural(len(group.test_ids), 'test')}: {one_line(group.error_type)}{location}"
        yield f"   {one_line(group.message, _MESSAGE)}"


def _modules(analysis: Analysis) -> Iterator[str]:
    if analysis.result.broken_reason:
        return
    yield from _section("MODULES")
    yield f"{'tests':>7} {'passed':>7} {'failed':>7} {'errors':>7} {'skipped':>7} {'seconds':>9}  module"
    for module, totals in totals_by_module(analysis.result.results).items():
        counts = (totals.tests, totals.passed, totals.failed, totals.errored, totals.skipped)
        numbers = " ".join(f"{number:>7}" for number in counts)
        yield f"{numbers} {totals.duration:>9.2f}  {one_line(module)}"


def _failures(analysis: Analysis, limit: int) -> Iterator[str]:
    failures = sorted(analysis.failures, key=lambda result: result.module)
    if not failures:
        return
    yield from _section(f"FAILURES ({len(failures)})")
    previous = phrases.previously_failing(analysis)
    for result in limit_text(failures, limit):
        yield _RULE
        yield from _failure(analysis, result, previous)


def _failure(analysis: Analysis, result: TestResult, previous: frozenset[str]) -> Iterator[str]:
    yield f"{result.outcome.value.upper()}: {one_line(phrases.name(result))}"
    location = one_line(result.location) or "unknown location"
    yield f"module {one_line(result.module)}, {location}, {result.duration:.3f} s"
    attribution = analysis.attributions.get(result.test_id)
    if attribution and attribution.culprit:
        yield f"broken by {attribution.culprit}"
    yield from map(one_line, phrases.remarks_on(analysis, result, previous))
    yield ""
    yield sanitize_lines((result.traceback or phrases.headline(result)).expandtabs(4))
    if result.traceback == LEFT_OUT:
        yield sanitize_lines(phrases.headline(result))
        yield f"batchhook analyze {analysis.batch.id} --tracebacks shows it"


def _comparisons(analysis: Analysis) -> Iterator[str]:
    for since, differences in phrases.comparisons(analysis):
        if differences:
            yield from _section(since.upper())
        for kind, test_ids in differences:
            yield f"{kind}: {len(test_ids)}"
            yield from (f"   {one_line(test_id)}" for test_id in test_ids)


def _parallel_only(analysis: Analysis) -> Iterator[str]:
    results = [result for result in analysis.result.results if result.is_parallel_only]
    if results:
        yield from _section("FAILED ONLY IN PARALLEL WITH OTHER TESTS")
        yield from (f"{one_line(result.test_id)}: {one_line(result.note)}" for result in results)


def _listed(heading: str, entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    lines = [f"{one_line(name)}\n   {one_line(description)}" for name, description in entries]
    if lines:
        yield from _section(heading)
        yield from lines


def _actions(analysis: Analysis) -> Iterator[str]:
    if not analysis.verdict.is_good:
        yield from _section("NEXT STEPS")
        yield from (f"{command}\n   {effect}" for command, effect in recommended_actions(analysis))


def _ids(tests: Sequence[TestResult]) -> Iterator[str]:
    return (f"   {one_line(phrases.name(test))}" for test in tests)


def _section(heading: str) -> Iterator[str]:
    yield ""
    yield heading
    yield _RULE
