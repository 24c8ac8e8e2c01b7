"""Notifications of finished batches and operations."""

from __future__ import annotations

import pytest

from batchhook.core.analysis import Analysis
from batchhook.core.batch import Batch, BatchQuota, BatchStatus
from batchhook.core.commit import Commit
from batchhook.core.comparison import Comparison
from batchhook.core.culprits.attribution import Attribution, AttributionKind
from batchhook.core.notification import batch_notification, notification_event
from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.settings import NotifyEvent
from batchhook.core.verdict import Verdict


@pytest.mark.parametrize(
    ("verdict", "before", "event"),
    [
        (Verdict.PASSED, None, NotifyEvent.PASSED),
        (Verdict.PASSED, Verdict.PASSED, NotifyEvent.PASSED),
        (Verdict.PASSED, Verdict.BROKEN, NotifyEvent.FIXED),
        (Verdict.PASSED, Verdict.CRITICAL, NotifyEvent.FIXED),
        (Verdict.FAILED, Verdict.FAILED, NotifyEvent.FAILED),
        (Verdict.CRITICAL, None, NotifyEvent.CRITICAL),
        (Verdict.BROKEN, Verdict.PASSED, NotifyEvent.BROKEN),
        (Verdict.KNOWN_FAILURES, Verdict.FAILED, NotifyEvent.KNOWN_FAILURES),
        (Verdict.PASSED, Verdict.KNOWN_FAILURES, NotifyEvent.FIXED),
    ],
)
def test_events(verdict: Verdict, before: Verdict | None, event: NotifyEvent) -> None:
    assert notification_event(verdict, before) is event


def test_a_flaky_test_that_passes_is_no_fix() -> None:
    for previous in (Verdict.FAILED, Verdict.CRITICAL, Verdict.KNOWN_FAILURES):
        assert notification_event(Verdict.PASSED, previous, Comparison()) is NotifyEvent.PASSED
        assert notification_event(Verdict.PASSED, previous, Comparison(fixed=("m.T.a",))) is NotifyEvent.FIXED
    assert notification_event(Verdict.PASSED, Verdict.BROKEN, Comparison()) is NotifyEvent.FIXED


def test_every_verdict_has_an_event() -> None:
    assert {notification_event(verdict, None) for verdict in Verdict}


def test_length_is_bounded() -> None:
    long = "x\n" * 10_000
    changes = tuple(Commit(f"{n:040}", "t", (), "b", f"{long} <a@b>", 0, 0, long) for n in range(20))
    results = tuple(TestResult(f"m.{long}{n}", "m", Outcome.FAILED, message=long) for n in range(2000))
    attributions = {results[n].test_id: Attribution(AttributionKind.CULPRIT, 1.0, (changes[n].oid,)) for n in range(20)}
    batch = Batch(1, "refs/heads/main", BatchQuota(20), BatchStatus.FINISHED, "", changes[-1].oid, changes)
    analysis = Analysis(
        batch, {}, Verdict.CRITICAL, SuiteResult(results, 1.0), "", "t", 0.0, 0.1, attributions=attributions
    )
    message = batch_notification(analysis, NotifyEvent.CRITICAL, long, messages=True)
    assert len(message.title) + len(message.body) < 4000
    assert "\n" not in message.title
    assert len(message.body.splitlines()) == 14
    assert "and 15 more changes" in message.body
    assert "and 1995 more tests" in message.body
