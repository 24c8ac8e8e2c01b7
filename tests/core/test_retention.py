"""Retention decisions: whatever the rule, needed batches are kept."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.retention import (
    KeepReason,
    PruneCandidate,
    RetentionRule,
    RollbackEvent,
    decide_retention,
    parse_age,
)
from batchhook.errors import UsageError

BRANCHES = ("refs/heads/main", "refs/heads/side", "HEAD")
LIVE = frozenset(BRANCHES)


def candidate(number: int, branch: str = BRANCHES[0], **rest: bool) -> PruneCandidate:
    return PruneCandidate(number, branch, opened_at=number * 10.0, sealed_at=number * 10.0 + 5, **rest)


CANDIDATES = [candidate(number) for number in range(1, 7)]


def test_latest_batches_are_kept() -> None:
    decision = decide_retention(CANDIDATES, (), LIVE, RetentionRule(keep=2))
    assert decision.expired == (1, 2, 3, 4)
    assert decision.cutoff == 50.0
    assert decide_retention(CANDIDATES, (), LIVE, RetentionRule(keep=6)).expired == ()
    assert decide_retention(CANDIDATES, (), LIVE, RetentionRule(keep=60)).cutoff == 0.0
    assert decide_retention(CANDIDATES, (), LIVE, RetentionRule()).expired == ()


def test_younger_batches_are_kept() -> None:
    decision = decide_retention(CANDIDATES, (), LIVE, RetentionRule(sealed_after=35.0))
    assert decision.expired == (1, 2)
    assert decision.cutoff == 35.0


def test_either_part_of_a_rule_keeps() -> None:
    assert decide_retention(CANDIDATES, (), LIVE, RetentionRule(keep=1, sealed_after=35.0)).expired == (1, 2)
    decision = decide_retention(CANDIDATES, (), LIVE, RetentionRule(keep=5, sealed_after=35.0))
    assert decision.expired == (1,)
    assert decision.cutoff == 20.0


def test_reasons_to_keep_older_batches() -> None:
    batches = [
        candidate(1, is_queued=True),
        candidate(2, is_unacknowledged=True),
        candidate(3),
        candidate(4),
        candidate(5, BRANCHES[1]),
        candidate(6, BRANCHES[1], has_run=False),
        candidate(7, "refs/heads/gone"),
        candidate(8),
    ]
    events = (RollbackEvent(3, is_needed=True, started_at=0.0), RollbackEvent(4, is_needed=False, started_at=80.0))
    decision = decide_retention(batches, events, LIVE, RetentionRule(keep=1))
    assert decision.keep_reasons == {
        1: KeepReason.QUEUED,
        2: KeepReason.CRITICAL,
        3: KeepReason.UNDOABLE,
        4: KeepReason.RECENT,
        5: KeepReason.LATEST,
        6: KeepReason.LATEST,
    }
    assert decision.expired == (7,)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[PruneCandidate], list[RollbackEvent], RetentionRule]:
    flags = st.tuples(st.sampled_from(BRANCHES), st.booleans(), st.booleans(), st.booleans())
    batches = [
        candidate(number, branch, is_queued=queued, has_run=run, is_unacknowledged=unacknowledged)
        for number, (branch, queued, run, unacknowledged) in enumerate(draw(st.lists(flags, max_size=12)), 1)
    ]
    events = st.builds(RollbackEvent, st.integers(0, 12), st.booleans(), st.floats(0, 130))
    keep, after = st.none() | st.integers(1, 14), st.none() | st.floats(0, 130)
    return batches, draw(st.lists(events, max_size=6)), draw(st.builds(RetentionRule, keep, after))


@given(histories(), st.frozensets(st.sampled_from(BRANCHES)))
def test_no_needed_batch_expires(
    history: tuple[list[PruneCandidate], list[RollbackEvent], RetentionRule], live: frozenset[str]
) -> None:
    batches, events, rule = history
    decision = decide_retention(batches, events, live, rule)
    by_number = {batch.id: batch for batch in batches}
    assert not set(decision.expired) & set(decision.keep_reasons)
    for number in decision.expired:
        batch = by_number[number]
        assert not batch.is_queued
        assert not batch.is_unacknowledged
        assert not any(
            event.is_needed or event.started_at >= decision.cutoff for event in events if event.batch == number
        )
        assert rule.sealed_after is None or batch.sealed_at < rule.sealed_after
        assert rule.keep is None or sum(other.id > number for other in batches) >= rule.keep
        if batch.branch in live:
            assert any(other.branch == batch.branch and other.id > number for other in batches)
    again = decide_retention([batch for batch in batches if batch.id not in decision.expired], events, live, rule)
    assert again.expired == (), "a second run prunes nothing more"


@pytest.mark.parametrize(("age", "seconds"), [("12h", 43200), ("30d", 2592000), (" 2 W", 1209600)])
def test_ages(age: str, seconds: float) -> None:
    assert parse_age(age) == seconds


@pytest.mark.parametrize("age", ["", "30", "d", "-1d", "1.5d", "3y", "1d2h"])
def test_invalid_age(age: str) -> None:
    with pytest.raises(UsageError):
        parse_age(age)
