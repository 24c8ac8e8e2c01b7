"""The summary after following a batch's run to its end, and the exit code for its verdict."""

from __future__ import annotations

from rich.console import Console

from batchhook.core.analysis import Analysis
from batchhook.core.culprits import attribution
from batchhook.core.perf import slowdown
from batchhook.core.sanitize import one_line
from batchhook.core.verdict import Verdict
from batchhook.errors import ExitCode
from batchhook.report.console import batches, layout
from batchhook.report.console.analysis import suite_differences


def print_summary(out: Console, analysis: Analysis) -> None:
    """Print a batch's verdict, its culprits and slowdowns in a line each, and the next steps."""
    number = analysis.batch.id
    out.print(batches.verdict_line(number, analysis.verdict, analysis.result))
    if analysis.rollback:
        out.print(batches.rollback_line(analysis.rollback))
    if analysis.result.hint:
        out.print(one_line(analysis.result.hint))
    for line in suite_differences(analysis):
        out.print(line)
    if analysis.attributions:
        out.print(attribution.summarize_attributions(analysis.attributions))
    if analysis.confirmed_slowdowns:
        out.print(slowdown.summarize_slowdowns(analysis.confirmed_slowdowns))
    if analysis.is_measuring:
        out.print("slowdowns are still being measured")
    subjects = {Verdict.REGRESSED: "see what became slower", Verdict.BROKEN: "see why"}
    subject = subjects.get(analysis.verdict, "see what broke")
    details = [] if analysis.verdict.is_good else [(f"batchhook analyze {number}", subject)]
    out.print(layout.hints(*details, (f"batchhook report {number} --open", "open the full report in the browser")))


def exit_code(verdict: Verdict) -> ExitCode:
    """Return the exit code for a verdict."""
    if verdict is Verdict.BROKEN:
        return ExitCode.ERROR
    if verdict is Verdict.REGRESSED:
        return ExitCode.REGRESSION
    return ExitCode.OK if verdict.is_good else ExitCode.TESTS_FAILED
