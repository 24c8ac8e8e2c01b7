"""What is said of a batch in texts and pages alike: half sentences, without any form of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchhook.core.analysis import Analysis
from batchhook.core.changes import FileEdit
from batchhook.core.comparison import Comparison
from batchhook.core.culprits.attribution import Kind
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import TestResult
from batchhook.core.sanitize import bytes_shown
from batchhook.report.console import culprits
from batchhook.report.console.failures import flaky
from batchhook.report.console.slowdowns import change
from batchhook.report.json_models import iso_time

HEADINGS = {
    Kind.FLAKY: "Flaky: broken by none of the changes",
    Kind.PRE_EXISTING: "Failed before this batch, too",
    Kind.AMBIGUOUS: "What broke them could not be found out",
}
"""Above the failing tests that no change is to blame for, by what became of them; in this order."""


def old(analysis: Analysis) -> frozenset[str]:
    """Ids of the tests that failed in the batch before, too."""
    return frozenset(analysis.since_previous.whole.still_failing)


def known(analysis: Analysis, result: TestResult, old: frozenset[str]) -> list[str]:
    """What is known of a failing test besides what it said: what was seen of it, whether it is flaky, what it lacks."""
    found = analysis.attributions.get(result.test_id)
    said = [culprits.whole(found)] if found else []
    if not found and result.test_id in old:
        said.append("failed before, too")
    if result.subtests_failed:
        said.append(f"{result.subtests_failed} subtests failed")
    return [*said, *flaky(analysis.flips.get(result.test_id, 0)), *([result.note] if result.note else [])]


def headline(result: TestResult) -> str:
    """What a failing test said, in a line: ``AssertionError: 1 != 2``; else how it ended."""
    return ": ".join(part for part in (result.error_type, result.message) if part) or result.outcome.value


def totals(analysis: Analysis) -> str:
    """``74 tests in 8.4 s: 65 passed, 8 failed, 1 skipped``."""
    found = analysis.outcome.totals
    said = f"{found.tests} tests in {found.duration:.1f} s: {found.passed} passed"
    counts = ((found.failed, "failed"), (found.errored, "errored"), (found.skipped, "skipped"))
    return said + "".join(f", {number} {word}" for number, word in counts if number)


def remarks(analysis: Analysis) -> Iterator[str]:
    """What has to be known to read the result, a sentence each."""
    found = analysis.outcome.totals
    if found.failures:
        yield f"Failure rate {found.failure_rate:.1%}, critical from {analysis.critical_threshold:.0%}."
    if analysis.outcome.hint:
        yield f"{analysis.outcome.hint}."
    if analysis.is_remembered:
        yield f"Not run again: the same files were tested with the same suite at {iso_time(analysis.tested_at)}."
    if analysis.has_more:
        yield "Tested in place, together with changes that were not committed."
    if analysis.way_back:
        said = analysis.way_back.summary(analysis.batch.id)
        yield f"{said[:1].upper()}{said[1:]}."
    if analysis.is_measuring:
        yield "What seems slower is being measured at this moment."
    if analysis.is_searching:
        yield "What broke the failing tests is being found out at this moment."


def slowdowns(analysis: Analysis) -> Iterator[tuple[str, str]]:
    """What became slower, and then what may have, and nobody can tell; each with what is known of it."""
    for found in analysis.slowdowns:
        if found.is_confirmed or found.is_unclear:
            name = f"module {found.name}" if found.is_module else found.name
            yield name, "; ".join(part for part in (change(found), _cause(analysis, found), found.reason) if part)


def _cause(analysis: Analysis, found: Slowdown) -> str:
    if found.is_unclear:
        return "perhaps slower, nobody can tell"
    commit = analysis.commits.get(found.change)
    if commit:
        return f"by {commit.oid[:8]} {commit.subject}"
    return f"by one of {found.suspects[0][:8]} … {found.suspects[-1][:8]}" if len(found.suspects) > 1 else ""


def metrics(analysis: Analysis) -> Iterator[tuple[str, str]]:
    """What plug-ins added: ``plug-in: name``, and the value as JSON has it."""
    for plugin, these in analysis.metrics.items():
        for name, value in these.items():
            yield f"{plugin}: {name}", str(value).lower() if isinstance(value, bool) else str(value)


def kinds(found: Comparison) -> tuple[tuple[str, Sequence[str]], ...]:
    """The kinds of differences that there are, each with ids of tests."""
    every = (
        ("newly failing", found.newly_failing),
        ("still failing", found.still_failing),
        ("fixed", found.fixed),
        ("newly skipped", found.newly_skipped),
        ("new", found.new),
        ("vanished", found.vanished),
    )
    return tuple((word, names) for word, names in every if names)


def comparisons(analysis: Analysis) -> Iterator[tuple[str, Comparison]]:
    """With what the batch is compared, and what is different."""
    if analysis.previous:
        yield f"since batch {analysis.previous}", analysis.since_previous.whole
    if analysis.baseline:
        yield f"since the baseline ({analysis.baseline[:8]})", analysis.since_baseline.whole


def edit(file: FileEdit) -> str:
    """``M parcel/money.py``."""
    return f"{file.status.value[:1].upper()} {bytes_shown(file.path)}"


def tests(number: int) -> str:
    """``1 test``, ``2 tests``."""
    return "1 test" if number == 1 else f"{number} tests"
