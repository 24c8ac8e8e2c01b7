"""``test_report_batch_N.txt``: all that a run told, with every traceback; plain text, readable without batchhook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from batchhook.core.analysis import Analysis
from batchhook.core.culprits.attribution import Kind
from batchhook.core.results import TestResult, by_module
from batchhook.core.sanitize import lines, one_line
from batchhook.core.verdict import summary
from batchhook.report.console import culprits
from batchhook.report.files import phrases
from batchhook.report.files.critical_failure import recommended_actions
from batchhook.report.files.failure_entry import LEFT_OUT, TEXTS, bounded
from batchhook.report.json_models import iso_time

_RULE = "=" * 80
_LINE = "-" * 80
_MESSAGE = 200
"""Characters of a message that are shown where the whole text stands elsewhere."""


def full_text(analysis: Analysis, room: int = TEXTS) -> str:
    """The whole report.

    Args:
        analysis: of the batch.
        room: characters of messages and tracebacks that it may hold; it says which are left out.
    """
    parts = (
        _head(analysis),
        _changes(analysis),
        _culprits(analysis),
        _critical(analysis),
        _modules(analysis),
        _failures(analysis, room),
        _comparisons(analysis),
        _listed("WHAT BECAME SLOWER", phrases.slowdowns(analysis)),
        _unsteady(analysis),
        _listed("ADDED BY PLUG-INS", phrases.metrics(analysis)),
        _actions(analysis),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(analysis: Analysis) -> Iterator[str]:
    batch = analysis.batch
    yield _RULE
    yield f"BATCH {batch.id} {one_line(summary(analysis.verdict, analysis.outcome))}"
    yield _RULE
    yield f"branch:    {one_line(batch.branch.removeprefix('refs/heads/'))}"
    yield f"commits:   {batch.base or '(the beginning)'} .. {batch.head}"
    yield f"tested at: {iso_time(analysis.tested_at)}"
    yield f"python:    {one_line(analysis.python)}"
    if not analysis.outcome.broken:
        yield phrases.totals(analysis)
    yield from (one_line(remark) for remark in phrases.remarks(analysis))


def _changes(analysis: Analysis) -> Iterator[str]:
    yield from _section("CHANGES")
    for position, change in enumerate(analysis.batch.changes, start=1):
        yield f"{position}. {change.oid}  {one_line(change.subject)}"
        yield f"   {one_line(change.author)}, {iso_time(change.committed_at)}"
        yield from (f"   {one_line(phrases.edit(file))}" for file in analysis.edits.get(change.oid, ()))


def _culprits(analysis: Analysis) -> Iterator[str]:
    if not analysis.attributions:
        return
    yield from _section("WHAT BROKE THEM")
    for change, tests in analysis.blamed:
        yield f"{change.oid}  {one_line(change.subject)}: broke {phrases.tests(len(tests))}"
        yield f"   {one_line(change.author)}"
        yield f"   {culprits.pair([analysis.attributions[test.test_id] for test in tests])}"
        yield from _named(tests)
    for kind, heading in phrases.HEADINGS.items():
        others = analysis.failures_of(kind)
        if others:
            yield f"{heading}: {len(others)}"
            yield from _named(others)


def _critical(analysis: Analysis) -> Iterator[str]:
    found = analysis.critical
    if found is None:
        return
    yield from _section("MOST AFFECTED MODULES")
    for module, totals in found.modules:
        yield f"{totals.failures} of {totals.tests - totals.skipped}  {one_line(module)} ({totals.failure_rate:.0%})"
    yield from _section("ERRORS")
    for group in found.errors:
        where = f" at {one_line(group.location)}" if group.location else ""
        yield f"{phrases.tests(len(group.tests))}: {one_line(group.error_type)}{where}"
        yield f"   {one_line(group.message, _MESSAGE)}"


def _modules(analysis: Analysis) -> Iterator[str]:
    if analysis.outcome.broken:
        return
    yield from _section("MODULES")
    yield f"{'tests':>7} {'passed':>7} {'failed':>7} {'errors':>7} {'skipped':>7} {'seconds':>9}  module"
    for module, found in by_module(analysis.outcome.results).items():
        counts = (found.tests, found.passed, found.failed, found.errored, found.skipped)
        numbers = " ".join(f"{number:>7}" for number in counts)
        yield f"{numbers} {found.duration:>9.2f}  {one_line(module)}"


def _failures(analysis: Analysis, room: int) -> Iterator[str]:
    failing = sorted(analysis.failures, key=lambda result: result.module)
    if not failing:
        return
    yield from _section(f"FAILURES ({len(failing)})")
    old = phrases.old(analysis)
    for result in bounded(failing, room):
        yield _LINE
        yield from _failure(analysis, result, old)


def _failure(analysis: Analysis, result: TestResult, old: frozenset[str]) -> Iterator[str]:
    found = analysis.attributions.get(result.test_id)
    yield f"{result.outcome.value.upper()}: {one_line(result.test_id)}"
    yield f"module {one_line(result.module)}, {one_line(result.location) or 'no place known'}, {result.duration:.3f} s"
    if found and found.kind in {Kind.CULPRIT, Kind.INTRODUCED}:
        yield f"broken by {found.change}"
    yield from (one_line(word) for word in phrases.known(analysis, result, old))
    yield ""
    yield lines((result.traceback or phrases.headline(result)).expandtabs(4))
    if result.traceback == LEFT_OUT:
        yield lines(phrases.headline(result))
        yield f"batchhook analyze {analysis.batch.id} --tracebacks shows all of it"


def _comparisons(analysis: Analysis) -> Iterator[str]:
    for since, found in phrases.comparisons(analysis):
        if not found.is_empty:
            yield from _section(since.upper())
        for word, names in phrases.kinds(found):
            yield f"{word}: {len(names)}"
            yield from (f"   {one_line(name)}" for name in names)


def _unsteady(analysis: Analysis) -> Iterator[str]:
    unsteady = [result for result in analysis.outcome.results if result.needs_company]
    if unsteady:
        yield from _section("FAILED BESIDE OTHER TESTS ONLY")
        yield from (f"{one_line(result.test_id)}: {one_line(result.note)}" for result in unsteady)


def _listed(heading: str, entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    said = [f"{one_line(name)}\n   {one_line(what)}" for name, what in entries]
    if said:
        yield from _section(heading)
        yield from said


def _actions(analysis: Analysis) -> Iterator[str]:
    if not analysis.verdict.is_good:
        yield from _section("WHAT TO DO")
        yield from (f"{command}\n   {does}" for command, does in recommended_actions(analysis))


def _named(tests: Sequence[TestResult]) -> Iterable[str]:
    return (f"   {one_line(test.test_id)}" for test in tests)


def _section(heading: str) -> Iterator[str]:
    yield ""
    yield heading
    yield _LINE
