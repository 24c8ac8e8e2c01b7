"""A run that is going on, as the overview shows it."""

from __future__ import annotations

from batchhook.core.events import TestEnded
from batchhook.core.progress import SEARCHING, Progress
from batchhook.core.results import Outcome, TestResult
from batchhook.core.views.overview import (
    AttentionItem,
    NarrowingStep,
    OverviewView,
    RunningBatch,
    Urgency,
    by_urgency,
)
from batchhook.report.site.links import ServerLinks
from batchhook.report.site.pages import render_overview_live
from tests.report.analyses import OIDS, analysis
from tests.report.site.markup import Parsed

EVIL = "</ul><script>alert(1)</script>"


def shown(running: RunningBatch) -> str:
    empty = {"open": None, "is_rebasing": False, "attention": (), "timeline": (), "total": 0}
    view = OverviewView("r", "refs/heads/main", running=(running,), **empty)  # type: ignore[arg-type]
    return " ".join(Parsed(render_overview_live(view, ServerLinks())).shown.split())


def test_failures_come_before_the_latest_tests() -> None:
    progress = Progress("testing", 10, seconds_left=65.0, current="m.T.now")
    for name, outcome in ((EVIL, Outcome.FAILED), ("m.T.fine", Outcome.PASSED)):
        progress = progress.after(TestEnded(TestResult(name, "m", outcome)))
    text = shown(RunningBatch(analysis([]).batch, None, progress))
    assert "testing, 2 of 10 done, about 1:05 left; 1 failed" in text
    assert text.index(f"Failing ✗ {EVIL}") < text.index("Latest")
    assert text.index("m.T.fine passed") < text.rindex(EVIL), "the latest first"


def test_many_tests_show_only_the_latest() -> None:
    progress = Progress("testing", 500)
    for number in range(300):
        progress = progress.after(TestEnded(TestResult(f"m.T.test_{number}", "m", Outcome.PASSED)))
    text = shown(RunningBatch(analysis([]).batch, None, progress))
    assert "test_299" in text
    assert "test_291 " not in text


def test_the_search_narrows_change_by_change() -> None:
    rows = (("", "", 2, 0), (OIDS[0], "one", 1, 1), (OIDS[1], EVIL, 0, 0))
    steps = tuple(NarrowingStep(*row, 2) for row in rows)
    text = shown(RunningBatch(analysis([]).batch, None, Progress(SEARCHING, 2, 1), steps))
    assert "finding culprits, 1 of 2 solved" in text
    assert "before the batch 2 pass, 0 fail" in text
    assert f"{OIDS[0][:8]} one 1 pass, 1 fail" in text
    assert f"{EVIL} not probed yet" in text


def test_the_most_urgent_comes_first() -> None:
    items = [
        AttentionItem(Urgency.REMARK, "a plug-in"),
        AttentionItem(Urgency.FAILED, "old", 3),
        AttentionItem(Urgency.FAILED, "new", 7),
        AttentionItem(Urgency.INTERRUPTED, "stopped", operation=1),
    ]
    assert [item.text for item in by_urgency(items)] == ["stopped", "new", "old", "a plug-in"]
