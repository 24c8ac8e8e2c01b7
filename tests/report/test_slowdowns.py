"""Slowdowns in the terminal, the JSON document and notifications."""

from __future__ import annotations

import io
from dataclasses import replace

from batchhook.core.analysis import Analysis
from batchhook.core.notification import batch_notification, notification_event
from batchhook.core.perf.significance import Conclusion, TimingComparison
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.core.settings import NotifyEvent
from batchhook.core.verdict import Verdict
from batchhook.report.console.analysis import print_analysis
from batchhook.report.console.layout import OutputConsole
from batchhook.report.files.markdown import markdown
from batchhook.report.json_models import analysis_document
from tests.report.analyses import analysis, passing

EVIL = "m.T.\x1b[31m`x`\n"


def regressed() -> Analysis:
    plain = analysis([passing()])
    head = plain.batch.changes[-1].oid
    evidence = (Timings(head, (0.0302, 0.031), (0.0901, 0.095)),)
    slower = Slowdown(
        EVIL, TimingComparison(Conclusion.SLOWER, 0.0302, 0.0901, 0.004), suspects=(head,), evidence=evidence
    )
    unclear = Slowdown("m", TimingComparison(Conclusion.INCONCLUSIVE, 0.1, 0.2, 0.3), is_module=True, reason="noise")
    return replace(plain, verdict=Verdict.REGRESSED, slowdowns=(slower, unclear))


def test_the_terminal_and_the_document() -> None:
    found = regressed()
    console = OutputConsole(file=io.StringIO())
    print_analysis(console, found, tracebacks=True)
    file = console.file
    assert isinstance(file, io.StringIO)
    said = " ".join(file.getvalue().split())
    assert "made 1 test slower, 3.0 times" in said
    assert "m.T. [31m`x` 30 → 90 ms, 3.0 times p = 0.004" in said
    assert "90 95; before the batch: 30 31" in said
    assert "possibly slower (inconclusive): 1 module module m 100 → 200 ms, 2.0 times noise" in said
    slower, unclear = analysis_document(found).slowdowns
    assert (slower.ruling, slower.before_ms, slower.now_ms, slower.ratio) == ("slower", 30.2, 90.1, 2.983)
    assert slower.evidence[0].revision_ms == (90.1, 95.0)
    assert (unclear.kind, unclear.ruling, unclear.change) == ("module", "inconclusive", "")


def test_notifications() -> None:
    found = regressed()
    event = notification_event(found.verdict, Verdict.PASSED)
    assert event is NotifyEvent.REGRESSED
    said = batch_notification(found, event, "parcel", messages=False)
    assert (said.kind, "regressed" in said.title) == ("warning", True)
    assert "made 1 test slower (3.0 times)" in said.body
    assert {Verdict(verdict) for verdict in Verdict} == {
        verdict for verdict in Verdict if notification_event(verdict, None)
    }


def test_many_of_one_change_are_three_lines() -> None:
    plain = analysis([passing()])
    head = plain.batch.changes[-1].oid
    slower = tuple(
        Slowdown(f"m.T.t{number}", TimingComparison(Conclusion.SLOWER, 0.03, 0.03 * number, 0.001), suspects=(head,))
        for number in range(2, 27)
    )
    found = replace(plain, verdict=Verdict.REGRESSED, slowdowns=slower)
    console = OutputConsole(file=io.StringIO(), width=120)
    print_analysis(console, found, tracebacks=False)
    file = console.file
    assert isinstance(file, io.StringIO)
    lines = file.getvalue().splitlines()
    first = next(number for number, line in enumerate(lines) if "made 25 tests slower, 2.0 to 26.0 times" in line)
    assert lines[first + 2].strip() == "m.T.t26  30 → 780 ms, 26.0 times and 24 more"
    assert "m.T.t25" not in file.getvalue()
    assert "made 25 tests slower, 2.0 to 26.0 times" in markdown(found)
