"""What is printed when a batch's run has been followed to its end, and the exit code that says how it ended."""

from __future__ import annotations

from rich.console import Console

from batchhook.core.analysis import Analysis
from batchhook.core.culprits import attribution
from batchhook.core.perf import slowdown
from batchhook.core.verdict import Verdict
from batchhook.errors import ExitCode
from batchhook.report.console import layout


def print_end(out: Console, found: Analysis) -> None:
    """A batch's verdict, what is to blame in a line each, and what to do next."""
    number = found.batch.id
    out.print(layout.verdict_line(number, found.verdict, found.outcome))
    if found.attributions:
        out.print(attribution.summary(found.attributions))
    if found.slower:
        out.print(slowdown.summary(found.slower))
    what = "what became slower" if found.verdict is Verdict.REGRESSED else "what broke"
    told = [] if found.verdict.is_good else [(f"batchhook analyze {number}", what)]
    out.print(layout.hints(*told, (f"batchhook report {number} --open", "all of it as a page in the browser")))


def exit_code(verdict: Verdict) -> ExitCode:
    """The exit code that a verdict makes."""
    if verdict is Verdict.BROKEN:
        return ExitCode.ERROR
    if verdict is Verdict.REGRESSED:
        return ExitCode.REGRESSION
    return ExitCode.OK if verdict.is_good else ExitCode.TESTS_FAILED
