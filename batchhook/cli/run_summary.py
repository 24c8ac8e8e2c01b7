"""The summary after following a batch's run to its end, and the exit code for its verdict."""

from __future__ import annotations

from rich.console import Console

from batchhook.core.analysis import Analysis
from batchhook.core.culprits import attribution
from batchhook.core.perf import slowdown
from batchhook.core.verdict import Verdict
from batchhook.errors import ExitCode
from batchhook.report.console import batches, layout


def print_summary(out: Console, analysis: Analysis) -> None:
    """Print a batch's verdict, its culprits and slowdowns in a line each, and the next steps."""
    number = analysis.batch.id
    out.print(batches.verdict_line(number, analysis.verdict, analysis.result))
    if analysis.attributions:
        out.print(attribution.summarize_attributions(analysis.attributions))
    if analysis.confirmed_slowdowns:
        out.print(slowdown.summarize_slowdowns(analysis.confirmed_slowdowns))
    subject = "see what became slower" if analysis.verdict is Verdict.REGRESSED else "see what broke"
    details = [] if analysis.verdict.is_good else [(f"batchhook analyze {number}", subject)]
    out.print(layout.hints(*details, (f"batchhook report {number} --open", "open the full report in the browser")))


def exit_code(verdict: Verdict) -> ExitCode:
    """Return the exit code for a verdict."""
    if verdict is Verdict.BROKEN:
        return ExitCode.ERROR
    if verdict is Verdict.REGRESSED:
        return ExitCode.REGRESSION
    return ExitCode.OK if verdict.is_good else ExitCode.TESTS_FAILED
