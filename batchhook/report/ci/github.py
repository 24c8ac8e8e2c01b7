"""GitHub Actions: workflow commands, which are lines on standard output, and values for later steps.

The commands and how they are escaped are those of the toolkit (``@actions/core``, ``command.ts``).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from batchhook.core.ci import CiRun, Weight
from batchhook.core.results import TestResult
from batchhook.core.sanitize import encodable, one_line

MOST_ANNOTATIONS = 10
"""Annotations of a kind that GitHub shows of one step; it drops those that come after."""
MOST_SUMMARY = 1024 * 1024
"""Bytes that GitHub takes of a step's summary; of a longer one it shows nothing."""
_MESSAGE = 500


def annotated(run: CiRun) -> Iterator[str]:
    """Workflow commands that mark failing tests at file and line, those that concern the change under test first.

    A test that failed before, or is flaky, is a warning; all else is an error. Of each kind there are at most ten; the
    last of ten says how many more there are.
    """
    if run.outcome.broken:
        hint = f"\n{run.outcome.hint}" if run.outcome.hint else ""
        yield command("error", f"{run.outcome.broken}{hint}", title="The suite could not be run")
        return
    errors = [result for result in run.failures if run.weight(result) is not Weight.OLD]
    warnings = [result for result in run.failures if run.weight(result) is Weight.OLD]
    yield from _of_kind("error", errors, run)
    yield from _of_kind("warning", warnings, run)


def _of_kind(kind: str, results: list[TestResult], run: CiRun) -> Iterator[str]:
    shown = results if len(results) <= MOST_ANNOTATIONS else results[: MOST_ANNOTATIONS - 1]
    for result in shown:
        file, _, line = result.location.rpartition(":")
        place = {"file": file, "line": line} if file and line.isdigit() else {}
        yield command(kind, _said(result, run), **place, title=one_line(result.test_id, 200))
    if len(results) > len(shown):
        rest = len(results) - len(shown)
        yield command(kind, f"{rest} more tests fail; the job summary has them", title=f"{rest} more failing tests")


def _said(result: TestResult, run: CiRun) -> str:
    error = ": ".join(part for part in (result.error_type, one_line(result.message, _MESSAGE)) if part)
    said = [error or result.outcome.value, *run.standing(result), *([result.note] if result.note else [])]
    return "\n".join(map(one_line, said))


def command(name: str, message: str, **properties: str) -> str:
    """A workflow command; properties that are empty are left out."""
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name}{' ' if given else ''}{given}::{_data(message)}"


def _data(text: str) -> str:
    # What UTF-8 cannot hold is shown as an escape before percent signs are.
    clean = encodable(text)
    return clean.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def step_summary(markdown: str) -> bytes:
    """Markdown as a step's summary may be: cut where it would be too long."""
    whole = markdown.encode("utf-8", "backslashreplace")
    if len(whole) <= MOST_SUMMARY:
        return whole
    end = b"\n\n... cut here, since GitHub shows no more; summary.md has the rest\n"
    return whole[: MOST_SUMMARY - len(end)].decode("utf-8", "ignore").encode() + end


def opening(title: str) -> tuple[str, str]:
    """The lines before and after a part of the log in which nothing is taken for a command, whoever prints it.

    Args:
        title: of a part that can be folded; empty for one that cannot.
    """
    token = secrets.token_hex(16)  # nobody who prints can know it
    group, end = (f"{command('group', title)}\n", "::endgroup::\n") if title else ("", "")
    return f"{group}::stop-commands::{token}\n", f"::{token}::\n{end}"


def outputs(run: CiRun) -> str:
    """What later steps may ask for, as ``$GITHUB_OUTPUT`` takes it."""
    totals = run.outcome.totals
    newly = len(run.compared.whole.newly_failing) if run.compared else 0
    guilty = sum(finding.is_solved for finding in run.findings.values())
    values = {
        "verdict": run.verdict.value,
        "tests": totals.tests,
        "passed": totals.passed,
        "failed": totals.failed,
        "errored": totals.errored,
        "skipped": totals.skipped,
        "newly_failing": newly,
        "broken_in_range": guilty,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())
