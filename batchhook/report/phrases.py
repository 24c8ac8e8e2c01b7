"""Phrases about a run that the terminal, the files and the CI reports share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from batchhook.core.analysis import Analysis
from batchhook.core.ci import CiRun
from batchhook.core.commit import FileEdit
from batchhook.core.comparison import Comparison
from batchhook.core.culprits.attribution import AttributionKind
from batchhook.core.metrics import Metric
from batchhook.core.perf.slowdown import Slowdown, count_phrase
from batchhook.core.plural import plural
from batchhook.core.results import TestResult, Totals
from batchhook.core.sanitize import escape_bytes, one_line
from batchhook.core.test_ids import display_name
from batchhook.core.timestamps import iso_time
from batchhook.report import evidence

HEADINGS = {
    AttributionKind.FLAKY: "Flaky, not broken by any of the changes",
    AttributionKind.PRE_EXISTING: "Already failing before this batch",
    AttributionKind.AMBIGUOUS: "No culprit found",
}
"""Of the failing tests without a culprit, in this order."""


_MAX_OMITTED = 3
"""Omitted files that are named."""


def omitted_files(files: Mapping[str, int]) -> str:
    """Return a sentence about untracked files that are too large for a snapshot: path -> bytes."""
    largest = sorted(files, key=lambda path: (-files[path], path))[:_MAX_OMITTED]
    names = [f"{one_line(path)} ({files[path] / 1e6:.1f} MB)" for path in largest]
    more = [f"{len(files) - _MAX_OMITTED} more"] if len(files) > _MAX_OMITTED else []
    return f"Untracked and too large for a snapshot (snapshot_limit), so left as it is: {', '.join([*names, *more])}"


def name(result: TestResult) -> str:
    """Return the name of a failing test: its id, or ``tests.test_m cannot be imported``."""
    return display_name(result.test_id, result.traceback)


def headline(result: TestResult, limit: int = 0) -> str:
    """Return a failure in a line: ``AssertionError: 1 != 2``, or its outcome if nothing was raised.

    Args:
        result: of a failing test.
        limit: characters of the message; 0 for all of it, with its line breaks.
    """
    return error(result, limit) or result.outcome.value


def error(result: TestResult, limit: int = 0) -> str:
    """Return the same as ``headline``, but nothing if nothing was raised."""
    message = one_line(result.message, limit) if limit else result.message
    return ": ".join(part for part in (result.error_type, message) if part)


def source_line(result: TestResult) -> tuple[str, int] | None:
    """Return the path and the line of a failure; None if they are unknown."""
    path, _, line = result.location.rpartition(":")
    return (path, int(line)) if path and line.isdecimal() else None


def ci_remarks(result: TestResult, run: CiRun) -> tuple[str, ...]:
    """Return what is known about a failure of a CI run besides its message, a phrase each."""
    return (*run.explain(result), *([result.note] if result.note else []))


def flaky(times: int) -> list[str]:
    """Return a remark for a test that both failed and passed on ``times`` trees; none for 0."""
    return [f"flaky: failed and passed on the same tree ({plural(times, 'time')})"] if times else []


def previously_failing(analysis: Analysis) -> frozenset[str]:
    """Return the ids of the tests that also failed in the previous batch."""
    return frozenset(analysis.since_previous.overall.still_failing)


def remarks_on(analysis: Analysis, result: TestResult, previous: frozenset[str]) -> list[str]:
    """Return what is known about a failure besides its message, a phrase each.

    Args:
        analysis: of the batch.
        result: of the failing test.
        previous: see ``previously_failing``.
    """
    remarks = []
    if attribution := analysis.attributions.get(result.test_id):
        remarks.append(evidence.explain_fully(attribution))
    elif result.test_id in previous:
        remarks.append("also failed in the previous batch")
    if result.subtests_failed:
        remarks.append(f"{plural(result.subtests_failed, 'subtest')} failed")
    remarks += flaky(analysis.flips.get(result.test_id, 0))
    return [*remarks, *([result.note] if result.note else [])]


def parallel_only(results: Iterable[TestResult]) -> Mapping[str, Sequence[str]]:
    """Return the ids of the tests that failed only in parallel with others, by the probable cause."""
    causes: dict[str, list[str]] = {}
    for result in results:
        if result.is_parallel_only:
            causes.setdefault(result.note, []).append(result.test_id)
    return causes


def totals(counts: Totals) -> str:
    """Return ``74 tests in 8.4 s: 65 passed, 8 failed, 1 skipped``; tests that are left out come on top."""
    words = (
        *((counts.failed, "failed"), (counts.errored, "errored")),
        *((counts.skipped, "skipped"), (counts.not_run, "not run")),
        (counts.deselected, "deselected"),
    )
    others = "".join(f", {number} {word}" for number, word in words if number)
    return f"{plural(counts.tests, 'test')} in {counts.duration:.1f} s: {counts.passed} passed{others}"


def remarks(analysis: Analysis) -> Iterator[str]:
    """Yield what a reader has to know to interpret the result, a sentence each."""
    counts = analysis.result.totals
    if counts.failures:
        yield f"Failure rate {counts.failure_rate:.1%}, critical from {analysis.critical_threshold:.0%}."
    if analysis.result.unrun:
        yield f"Not run, for example: {', '.join(map(one_line, analysis.result.unrun.examples))}."
    if analysis.result.hint:
        yield f"{analysis.result.hint}."
    if analysis.is_reused:
        yield f"Not rerun: the same files were tested with the same suite at {iso_time(analysis.tested_at)}."
    yield from (f"These tests {difference}." for difference in analysis.suite_differences)
    if analysis.includes_uncommitted:
        yield "Tested in place, together with uncommitted changes."
    if analysis.auto_rollback:
        summary = analysis.auto_rollback.summary(analysis.batch.id)
        yield f"{summary[:1].upper()}{summary[1:]}."
    if analysis.is_measuring:
        yield "Slowdowns are still being measured."
    if analysis.is_searching:
        yield "The search for culprits is still running."


def slowdowns(analysis: Analysis) -> Iterator[tuple[str, str]]:
    """Yield each test and module that became slower or may have, with what is known about it."""
    for slowdown in analysis.slowdowns:
        if slowdown.is_confirmed or slowdown.is_inconclusive:
            parts = (durations(slowdown), _slowdown_cause(analysis, slowdown), slowdown.reason)
            yield slowdown_name(slowdown), "; ".join(part for part in parts if part)


def slowdown_groups(analysis: Analysis) -> Iterator[tuple[str, Sequence[tuple[str, str]]]]:
    """Yield each change with what it made slower, the worst first; then what may have become slower."""
    for _, members in analysis.slowdown_groups:
        cause = _slowdown_cause(analysis, members[0]).removeprefix("by ")
        effect = f"made {count_phrase(members)} slower, {ratio_range(members)}"
        yield f"{cause} {effect}".strip(), [(slowdown_name(each), _details(each)) for each in members]
    inconclusive = analysis.inconclusive_slowdowns
    if inconclusive:
        heading = f"possibly slower (inconclusive): {count_phrase(inconclusive)}"
        yield heading, [(slowdown_name(each), _details(each)) for each in inconclusive]


def ratio_range(slowdowns: Sequence[Slowdown]) -> str:
    """Return by how much: ``3.0 times``, ``1.6 to 3.0 times``."""
    ratios = sorted(f"{each.comparison.ratio:.1f}" for each in slowdowns)
    least, most = min(ratios, key=float), max(ratios, key=float)
    return f"{most} times" if least == most else f"{least} to {most} times"


def slowdown_name(slowdown: Slowdown) -> str:
    """Return the id of a test, or the name of a module as such."""
    return f"module {slowdown.name}" if slowdown.is_module else slowdown.name


def _details(slowdown: Slowdown) -> str:
    return "; ".join(filter(None, (durations(slowdown), slowdown.reason)))


def durations(slowdown: Slowdown) -> str:
    """Return ``31 → 82 ms, 2.6 times``."""
    timings = slowdown.comparison
    return f"{milliseconds(timings.before)} → {milliseconds(timings.now)} ms, {timings.ratio:.1f} times"


def milliseconds(seconds: float) -> str:
    """Return milliseconds with two significant digits or no fraction: ``7.2``, ``31``."""
    return f"{1000 * seconds:.1f}" if seconds < 0.01 else f"{1000 * seconds:.0f}"  # noqa: PLR2004 - ten milliseconds


def _slowdown_cause(analysis: Analysis, slowdown: Slowdown) -> str:
    if slowdown.is_inconclusive:
        return "possibly slower (inconclusive)"
    if commit := analysis.commits.get(slowdown.culprit):
        return f"by {commit.oid[:8]} {commit.subject}"
    suspects = slowdown.suspects
    return f"by one of {suspects[0][:8]} … {suspects[-1][:8]}" if len(suspects) > 1 else ""


def metrics(analysis: Analysis) -> Iterator[tuple[str, str]]:
    """Yield the metrics that plug-ins added, as ``plug-in: name`` and value."""
    for plugin, values in analysis.metrics.items():
        for name, value in values.items():
            yield f"{plugin}: {name}", metric(value)


def metric(value: Metric) -> str:
    """Return a value as JSON has it, a text as it is."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def differences(comparison: Comparison, *, is_later: bool = False) -> tuple[tuple[str, Sequence[str]], ...]:
    """Return the kinds of differences, each with the ids of its tests; kinds without any are left out.

    Args:
        comparison: with another run.
        is_later: whether that run is of a later commit, so that a test which only one of them has did not vanish.
    """
    added, removed = ("removed later", "added later") if is_later else ("new", "vanished")
    kinds = (
        ("newly failing", comparison.newly_failing),
        ("failing without the changes, too", comparison.failing_without_changes),
        ("flaky", comparison.flaky),
        ("still failing", comparison.still_failing),
        ("fixed", comparison.fixed),
        ("newly skipped", comparison.newly_skipped),
        (added, comparison.added),
        (removed, comparison.removed),
    )
    return tuple((word, test_ids) for word, test_ids in kinds if test_ids)


def comparisons(analysis: Analysis) -> Iterator[tuple[str, tuple[tuple[str, Sequence[str]], ...]]]:
    """Yield each run that the batch is compared with, and the differences as ``differences`` returns them."""
    if analysis.previous:
        yield f"since batch {analysis.previous}", differences(analysis.since_previous.overall)
    if analysis.baseline:
        word = "before" if analysis.is_baseline_later else "since"
        kinds = differences(analysis.since_baseline.overall, is_later=analysis.is_baseline_later)
        yield f"{word} the baseline ({analysis.baseline[:8]})", kinds


def edit(file: FileEdit) -> str:
    """Return ``M parcel/money.py``."""
    return f"{file.status.value[:1].upper()} {escape_bytes(file.path)}"
