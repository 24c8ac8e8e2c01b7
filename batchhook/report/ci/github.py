"""GitHub Actions: workflow commands, which are lines on standard output, and outputs for later steps.

Commands are escaped as in the toolkit (``@actions/core``, ``command.ts``).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

from batchhook.core.ci import CiRun, FailureRelevance
from batchhook.core.coverage.model import rate_text
from batchhook.core.plural import plural
from batchhook.core.results import TestResult
from batchhook.core.sanitize import escape_surrogates, one_line
from batchhook.report import coverage, phrases

MAX_ANNOTATIONS = 10
"""Annotations of one type that GitHub shows for a step; it drops further ones."""
MAX_SUMMARY = 1024 * 1024
"""Bytes of a step's summary; GitHub shows nothing of a longer one."""
_MESSAGE = 500
"""Characters of a message."""


def annotate_failures(run: CiRun) -> Iterator[str]:
    """Yield workflow commands that mark failing tests at file and line, those most relevant to the change first.

    A test that failed before, or is flaky, is a warning; any other is an error. There are at most ten of each type; the
    last one counts the rest.
    """
    if run.result.broken_reason:
        hint = f"\n{run.result.hint}" if run.result.hint else ""
        yield command("error", f"{run.result.broken_reason}{hint}", title="The suite could not be run")
        return
    if run.result.unrun:
        examples = ", ".join(map(one_line, run.result.unrun.examples))
        yield command("warning", f"{examples}\n{run.result.hint}", title=run.result.unrun.were_not_run)
    is_old = [run.relevance(result) is FailureRelevance.OLD for result in run.failures]
    errors = [result for result, old in zip(run.failures, is_old, strict=True) if not old]
    warnings = [result for result, old in zip(run.failures, is_old, strict=True) if old]
    yield from _annotations("error", errors, run)
    yield from _annotations("warning", warnings, run)
    yield from _uncovered_lines(run)


def _annotations(kind: str, results: Sequence[TestResult], run: CiRun) -> Iterator[str]:
    shown = results if len(results) <= MAX_ANNOTATIONS else results[: MAX_ANNOTATIONS - 1]
    for result in shown:
        path, line = phrases.source_line(result) or ("", "")
        text = [phrases.headline(result, _MESSAGE), *phrases.ci_remarks(result, run)]
        yield command(
            kind, "\n".join(map(one_line, text)), file=path, line=str(line), title=one_line(phrases.name(result), 200)
        )
    if len(results) > len(shown):
        rest = plural(len(results) - len(shown), "more failing test")
        yield command(kind, f"{rest}, listed in the job summary", title=rest)


def _uncovered_lines(run: CiRun) -> Iterator[str]:
    """Yield notices at the changed lines that no test runs."""
    places = [
        (gap.path, first, last, coverage.title(change, run.commits))
        for change, gap in (run.coverage.diff.gaps if run.coverage and run.coverage.diff else ())
        for first, last in gap.uncovered
    ]
    shown = places if len(places) <= MAX_ANNOTATIONS else places[: MAX_ANNOTATIONS - 1]
    for path, first, last, change in shown:
        message = f"Changed by {one_line(change, _MESSAGE)}"
        yield command("notice", message, file=path, line=str(first), endLine=str(last), title="Run by no test")
    if len(places) > len(shown):
        rest = plural(len(places) - len(shown), "more place")
        yield command("notice", f"{rest}, listed in the job summary", title=f"{rest} run by no test")


def command(name: str, message: str, **properties: str) -> str:
    """Return a workflow command; empty properties are left out."""
    parts = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items() if value)
    return f"::{name}{' ' if parts else ''}{parts}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    # Escape surrogates before percent signs.
    clean = escape_surrogates(text)
    return clean.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def step_summary(markdown: str) -> bytes:
    """Encode Markdown as a step's summary, cut at the size limit."""
    whole = markdown.encode("utf-8", "backslashreplace")
    if len(whole) <= MAX_SUMMARY:
        return whole
    end = b"\n\n... cut here, at GitHub's limit; summary.md has the rest\n"
    return whole[: MAX_SUMMARY - len(end)].decode("utf-8", "ignore").encode() + end


def fold_marks(title: str) -> tuple[str, str]:
    """Return the lines before and after a part of the log in which the runner obeys no commands.

    Args:
        title: of a foldable group; empty for none.
    """
    token = secrets.token_hex(16)  # cannot be guessed by what is printed in between
    group, end = (f"{command('group', title)}\n", "::endgroup::\n") if title else ("", "")
    return f"{group}::stop-commands::{token}\n", f"::{token}::\n{end}"


def outputs(run: CiRun) -> str:
    """Return values for later steps, in the format of ``$GITHUB_OUTPUT``."""
    totals = run.result.totals
    values: dict[str, object] = {
        "verdict": run.verdict.value,
        "tests": totals.tests,
        "passed": totals.passed,
        "failed": totals.failed,
        "errored": totals.errored,
        "skipped": totals.skipped,
        "not_run": totals.not_run,
        "newly_failing": len(run.comparison.overall.newly_failing) if run.comparison else 0,
        "broken_in_range": sum(finding.is_solved for finding in run.findings.values()),
    }
    report = run.coverage
    if report is not None and report.is_measured:
        covered = report.totals
        values["coverage"] = rate_text(covered.covered_lines, covered.lines).removesuffix("%")
        values["uncovered_changed_lines"] = report.diff.uncovered_lines if report.diff else 0
    return "".join(f"{name}={value}\n" for name, value in values.items())
