"""The summary: what others wrote is shown as they wrote it, and is no markup."""

from __future__ import annotations

from hypothesis import example, given, settings

from batchhook.core.ci import CiRun
from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.verdict import Verdict
from batchhook.report.ci import markdown_summary
from tests.report.markdown import NASTY, RENDER, Shown


@settings(max_examples=100, deadline=None)
@given(NASTY, NASTY, NASTY, NASTY)
@example("<b>x</b>", "<b>x</b>", "</details> *a*", "</details>\n```\n<b>")
def test_a_whole_summary_has_no_element_of_others(name: str, error: str, message: str, traceback: str) -> None:
    result = TestResult(name, "m", Outcome.FAILED, error_type=error, message=message, traceback=traceback, note=message)
    run = CiRun("1" * 40, 0.0, SuiteResult((result,), 1.0), Verdict.FAILED)
    shown = Shown(RENDER(markdown_summary.markdown(run)))
    ours = {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "strong", "ul", "li"}
    assert set(shown.tags) <= ours | {"details", "summary"}
    assert shown.tags.count("h3") == 1
