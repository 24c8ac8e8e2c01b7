"""A run on a CI service in Markdown: for a job summary, a merge request, or an artifact.

Text from the project (ids, messages, subjects) is escaped, or put into code spans and blocks with fences that it cannot
close.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchhook.core.ci import CiRun
from batchhook.core.plural import plural
from batchhook.core.results import TestResult, totals_by_module
from batchhook.core.sanitize import sanitize_lines
from batchhook.core.tracebacks import shorten_paths
from batchhook.core.verdict import summarize_verdict
from batchhook.report import coverage, phrases
from batchhook.report.markdown_escape import code_block, code_cell, code_span, escape, escape_html

MAX_DETAILED = 30
"""Failing tests with tracebacks."""
MAX_NAMED = 500
"""Failing tests by name."""
MAX_MODULES = 50
MAX_PLACES = 200
"""Files with changed lines that no test runs."""
_MAX_TRACEBACK = 4000
"""Characters of one traceback, counted from its end."""
_MESSAGE = 300
"""Characters of a message, and of an id in a list."""


def markdown(run: CiRun) -> str:
    """Return the run as Markdown; below 1 MiB, however much fails."""
    parts = (_head(run), _failures(run), _modules(run), _culprits(run), _comparison(run), _coverage(run))
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(run: CiRun) -> Iterator[str]:
    mark = "✅" if run.verdict.is_good else "❌"
    yield f"## {mark} batchhook: {escape(summarize_verdict(run.verdict, run.result))}"
    yield ""
    if run.result.broken_reason:
        yield from (escape(run.result.hint), "")
        return
    totals = run.result.totals
    yield "| tests | passed | failed | errored | skipped | seconds |"
    yield "|---:|---:|---:|---:|---:|---:|"
    counts = (totals.tests, totals.passed, totals.failed, totals.errored, totals.skipped)
    yield f"| {' | '.join(map(str, counts))} | {totals.duration:.1f} |"
    yield ""
    if run.commit:
        uncommitted = ", with uncommitted changes" if run.includes_uncommitted else ""
        yield f"Tested at {code_span(run.commit[:12])}{uncommitted}."
        yield ""
    if run.result.unrun:
        examples = ", ".join(code_span(path, _MESSAGE) for path in run.result.unrun.examples)
        yield from (f"Not run, for example: {examples}. {escape(run.result.hint)}.", "")
    for remark in run.remarks:
        yield from (escape(remark), "")


def _failures(run: CiRun) -> Iterator[str]:
    failures = run.failures
    if not failures:
        return
    yield from ("### Failing tests", "")
    for result in failures[:MAX_DETAILED]:
        yield from _failure(result, run)
    for result in failures[MAX_DETAILED:MAX_NAMED]:
        yield f"- {code_span(phrases.name(result), _MESSAGE)} {code_span(result.location, _MESSAGE)}"
    if len(failures) > MAX_NAMED:
        yield f"- … and {len(failures) - MAX_NAMED} more"
    yield ""


def _failure(result: TestResult, run: CiRun) -> Iterator[str]:
    location = f" at {code_span(result.location)}" if result.location else ""
    yield f"**{code_span(phrases.name(result))}** {result.outcome.value}{location}"
    yield ""
    for remark in phrases.ci_remarks(result, run):
        yield from (f"- {escape(remark)}", "")
    traceback = sanitize_lines(shorten_paths(result.traceback))
    if traceback:
        yield f"<details><summary>{escape_html(phrases.headline(result, _MESSAGE))}</summary>"
        yield from ("", *code_block(traceback[-_MAX_TRACEBACK:]), "", "</details>", "")
    elif error := phrases.error(result, _MESSAGE):
        yield from (code_span(error), "")


def _modules(run: CiRun) -> Iterator[str]:
    modules = [(name, totals) for name, totals in totals_by_module(run.result.results).items() if totals.failures]
    if len(modules) < 2:  # noqa: PLR2004 - a single module adds nothing to the list of failures
        return
    yield from ("### Modules with failing tests", "", "| module | tests | failing |", "|---|---:|---:|")
    for name, totals in modules[:MAX_MODULES]:
        yield f"| {code_cell(name)} | {totals.tests} | {totals.failures} |"
    if len(modules) > MAX_MODULES:
        yield f"| … and {len(modules) - MAX_MODULES} more | | |"
    yield ""


def _culprits(run: CiRun) -> Iterator[str]:
    if run.bisection is None:
        return
    culprits: dict[str, list[str]] = {}
    others: list[str] = []
    for test_id, finding in run.findings.items():
        if finding.is_solved:
            culprits.setdefault(finding.attribution.culprit, []).append(test_id)
        else:
            others.append(test_id)
    yield from (f"### Culprits in {code_span(run.revision_range)}", "")
    for oid, test_ids in culprits.items():
        commit = run.bisection.commits[oid]
        broken = _tests(test_ids)
        yield f"- {code_span(oid[:12])} {escape(commit.subject)}, by {escape(commit.author)}, broke {broken}"
    if others:
        yield f"- no culprit: {_tests(others)}"
    probes, commits = plural(run.bisection.probes, "checkout"), plural(run.bisection.size, "commit")
    yield from ("", f"{probes} for {commits}.", "")


def _coverage(run: CiRun) -> Iterator[str]:
    report = run.coverage
    if report is None:
        return
    yield from ("### Coverage", "", f"{escape('. '.join(coverage.sentences(report)))}.", "")
    gaps = report.diff.gaps if report.diff else ()
    for change, gap in gaps[:MAX_PLACES]:
        title = coverage.title(change, run.commits)
        yield f"- {code_span(coverage.place(gap), _MESSAGE)} of {code_span(title, _MESSAGE)}"
    if len(gaps) > MAX_PLACES:
        yield f"- … and {len(gaps) - MAX_PLACES} more"
    if gaps:
        yield ""


def _comparison(run: CiRun) -> Iterator[str]:
    if run.comparison is None or run.baseline is None:
        return
    yield from (f"### Since the baseline: {escape(run.baseline.name)}", "")
    differences = phrases.differences(run.comparison.overall)
    if run.baseline.failures_only:
        differences = tuple(
            (kind, ids) for kind, ids in differences if kind not in {"newly skipped", "new", "vanished"}
        )
    lines = [f"- {kind}: {_tests(test_ids)}" for kind, test_ids in differences]
    yield from (*(lines or ["No differences."]), "")


def _tests(test_ids: Sequence[str], limit: int = 10) -> str:
    more = f" and {len(test_ids) - limit} more" if len(test_ids) > limit else ""
    names = ", ".join(code_span(test_id, _MESSAGE) for test_id in test_ids[:limit])
    return f"{plural(len(test_ids), 'test')}: {names}{more}"
