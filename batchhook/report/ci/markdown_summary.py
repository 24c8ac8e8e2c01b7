"""A run on a CI service as Markdown: for a job summary, a merge request, or a reader of the artifacts.

What others wrote (ids, messages, subjects) stands in code spans and code blocks whose fences it cannot close.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchhook.core.ci import CiRun
from batchhook.core.results import TestResult, by_module
from batchhook.core.sanitize import lines, one_line
from batchhook.core.tracebacks import shortened
from batchhook.core.verdict import summary
from batchhook.report.markdown_escape import block, cell, code, escaped, html

MOST_DETAILED = 30
"""Failing tests whose tracebacks are shown."""
MOST_NAMED = 500
"""Failing tests that are named."""
MOST_MODULES = 50
_MOST_TEXT = 4000
"""Characters of one traceback, the last of it."""
_MESSAGE = 300
"""Characters of a message, and of an id in a list."""


def markdown(run: CiRun) -> str:
    """The run as Markdown; below 1 MiB, however much fails."""
    parts = (_head(run), _failures(run), _modules(run), _culprits(run), _compared(run))
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(run: CiRun) -> Iterator[str]:
    mark = "✅" if run.verdict.is_good else "❌"
    yield f"## {mark} batchhook: {escaped(summary(run.verdict, run.outcome))}"
    yield ""
    totals = run.outcome.totals
    if run.outcome.broken:
        yield from (escaped(run.outcome.hint), "")
        return
    yield "| tests | passed | failed | errored | skipped | seconds |"
    yield "|---:|---:|---:|---:|---:|---:|"
    counts = (totals.tests, totals.passed, totals.failed, totals.errored, totals.skipped)
    yield f"| {' | '.join(map(str, counts))} | {totals.duration:.1f} |"
    yield ""
    if run.commit:
        more = ", with files that differ from it" if run.has_more else ""
        yield f"Tested at {code(run.commit[:12])}{more}."
        yield ""
    for remark in run.remarks:
        yield from (escaped(remark), "")


def _failures(run: CiRun) -> Iterator[str]:
    failed = run.failures
    if not failed:
        return
    yield from ("### Failing tests", "")
    for result in failed[:MOST_DETAILED]:
        yield from _detailed(result, run)
    for result in failed[MOST_DETAILED:MOST_NAMED]:
        yield f"- {code(one_line(result.test_id, _MESSAGE))} {code(one_line(result.location, _MESSAGE))}"
    if len(failed) > MOST_NAMED:
        yield f"- … and {len(failed) - MOST_NAMED} more"
    yield ""


def _detailed(result: TestResult, run: CiRun) -> Iterator[str]:
    where = f" at {code(result.location)}" if result.location else ""
    yield f"**{code(result.test_id)}** {result.outcome.value}{where}"
    yield ""
    for said in (*run.standing(result), result.note):
        if said:
            yield from (f"- {escaped(said)}", "")
    error = ": ".join(part for part in (result.error_type, one_line(result.message, _MESSAGE)) if part)
    text = lines(shortened(result.traceback))
    if error and not text:
        yield from (code(error), "")
    if text:
        yield f"<details><summary>{html(error or result.outcome.value)}</summary>"
        yield from ("", *block(text[-_MOST_TEXT:]), "", "</details>", "")


def _modules(run: CiRun) -> Iterator[str]:
    modules = [(name, totals) for name, totals in by_module(run.outcome.results).items() if totals.failures]
    if len(modules) < 2:  # noqa: PLR2004 - one module is the whole
        return
    yield from ("### Modules with failing tests", "", "| module | tests | failing |", "|---|---:|---:|")
    for name, totals in modules[:MOST_MODULES]:
        yield f"| {cell(name)} | {totals.tests} | {totals.failures} |"
    if len(modules) > MOST_MODULES:
        yield f"| … and {len(modules) - MOST_MODULES} more | | |"
    yield ""


def _culprits(run: CiRun) -> Iterator[str]:
    if run.found is None:
        return
    guilty: dict[str, list[str]] = {}
    others: list[str] = []
    for name, finding in run.findings.items():
        guilty.setdefault(finding.attribution.change, []).append(name) if finding.is_solved else others.append(name)
    yield from (f"### Which commit of {code(run.span)} broke what", "")
    for oid, names in guilty.items():
        commit = run.found.commits[oid]
        yield f"- {code(oid[:12])} {escaped(commit.subject)}, by {escaped(commit.author)}, broke {_tests(names)}"
    if others:
        yield f"- none, or it could not be found out: {_tests(others)}"
    commits = "1 commit" if run.found.size == 1 else f"{run.found.size} commits"
    yield from ("", f"{run.found.visits} checkouts for {commits}.", "")


def _compared(run: CiRun) -> Iterator[str]:
    if run.compared is None or run.baseline is None:
        return
    whole = run.compared.whole
    yield from (f"### Since the baseline: {escaped(run.baseline.name)}", "")
    kinds = [("newly failing", whole.newly_failing), ("still failing", whole.still_failing), ("fixed", whole.fixed)]
    if not run.baseline.only_failures:
        kinds += [("newly skipped", whole.newly_skipped), ("new", whole.new), ("vanished", whole.vanished)]
    told = [f"- {word}: {_tests(names)}" for word, names in kinds if names]
    yield from (*(told or ["Nothing is different."]), "")


def _tests(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    number = "1 test" if len(names) == 1 else f"{len(names)} tests"
    return f"{number}: " + ", ".join(code(one_line(name, _MESSAGE)) for name in names[:most]) + more
