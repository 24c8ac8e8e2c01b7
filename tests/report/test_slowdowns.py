"""What became slower, in each report."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from batchhook.core.analysis import Analysis
from batchhook.core.notification import about_batch, event_of
from batchhook.core.perf.significance import Judgement, Ruling
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.core.settings import NotifyEvent
from batchhook.core.verdict import Verdict
from batchhook.report.console.analysis import print_analysis
from batchhook.report.json_models import analysis_document
from tests.report.analyses import analysis, passing

EVIL = "m.T.\x1b[31m`x`\n"


def regressed() -> Analysis:
    plain = analysis([passing()])
    head = plain.batch.changes[-1].oid
    evidence = (Timings(head, (0.0302, 0.031), (0.0901, 0.095)),)
    slower = Slowdown(EVIL, Judgement(Ruling.SLOWER, 0.0302, 0.0901, 0.004), suspects=(head,), evidence=evidence)
    unclear = Slowdown("m", Judgement(Ruling.UNCLEAR, 0.1, 0.2, 0.3), is_module=True, reason="noise")
    return replace(plain, verdict=Verdict.REGRESSED, slowdowns=(slower, unclear))


def test_the_terminal_and_the_document() -> None:
    found = regressed()
    console = Console(file=io.StringIO(), width=80)
    print_analysis(console, found, tracebacks=True)
    file = console.file
    assert isinstance(file, io.StringIO)
    said = " ".join(file.getvalue().split())
    assert "made 1 test slower" in said
    assert "m.T. [31m`x` 30 → 90 ms, 3.0 times p = 0.004" in said
    assert "90 95; before the batch: 30 31" in said
    assert "perhaps slower, nobody can tell: 1 module module m 100 → 200 ms, 2.0 times noise" in said
    slower, unclear = analysis_document(found).slowdowns
    assert (slower.ruling, slower.before_ms, slower.now_ms, slower.ratio) == ("slower", 30.2, 90.1, 2.983)
    assert slower.evidence[0].there_ms == (90.1, 95.0)
    assert (unclear.kind, unclear.ruling, unclear.change) == ("module", "unclear", "")


def test_notifications() -> None:
    found = regressed()
    event = event_of(found.verdict, Verdict.PASSED)
    assert event is NotifyEvent.REGRESSED
    said = about_batch(found, event, "parcel", messages=False)
    assert (said.kind, "regressed" in said.title) == ("warning", True)
    assert "made 1 test slower (3.0 times)" in said.body
    assert {Verdict(verdict) for verdict in Verdict} == {verdict for verdict in Verdict if event_of(verdict, None)}
