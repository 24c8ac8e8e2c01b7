"""Which batches may go: whatever the rule, what is needed stays."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as some

from batchhook.core.retention import Past, Reason, Rule, Step, decide, parse_age
from batchhook.errors import UsageError

BRANCHES = ("refs/heads/main", "refs/heads/side", "HEAD")
ALIVE = frozenset(BRANCHES)


def past(number: int, branch: str = BRANCHES[0], **rest: bool) -> Past:
    return Past(number, branch, opened_at=number * 10.0, sealed_at=number * 10.0 + 5, **rest)


LINE = [past(number) for number in range(1, 7)]


def test_the_latest_stay() -> None:
    found = decide(LINE, (), ALIVE, Rule(keep=2))
    assert found.going == (1, 2, 3, 4)
    assert found.before == 50.0
    assert decide(LINE, (), ALIVE, Rule(keep=6)).going == ()
    assert decide(LINE, (), ALIVE, Rule(keep=60)).before == 0.0
    assert decide(LINE, (), ALIVE, Rule()).going == ()


def test_what_is_younger_stays() -> None:
    found = decide(LINE, (), ALIVE, Rule(after=35.0))
    assert found.going == (1, 2)
    assert found.before == 35.0


def test_of_two_rules_either_keeps() -> None:
    assert decide(LINE, (), ALIVE, Rule(keep=1, after=35.0)).going == (1, 2)
    found = decide(LINE, (), ALIVE, Rule(keep=5, after=35.0))
    assert found.going == (1,)
    assert found.before == 20.0


def test_why_older_ones_stay() -> None:
    batches = [
        past(1, is_queued=True),
        past(2, is_standing=True),
        past(3),
        past(4),
        past(5, BRANCHES[1]),
        past(6, BRANCHES[1], has_run=False),
        past(7, "refs/heads/gone"),
        past(8),
    ]
    steps = (Step(3, is_needed=True, started_at=0.0), Step(4, is_needed=False, started_at=80.0))
    found = decide(batches, steps, ALIVE, Rule(keep=1))
    assert found.spared == {
        1: Reason.QUEUED,
        2: Reason.CRITICAL,
        3: Reason.UNDOABLE,
        4: Reason.RECENT,
        5: Reason.LATEST,
        6: Reason.LATEST,
    }
    assert found.going == (7,)


@some.composite
def histories(draw: some.DrawFn) -> tuple[list[Past], list[Step], Rule]:
    flags = some.tuples(some.sampled_from(BRANCHES), some.booleans(), some.booleans(), some.booleans())
    batches = [
        past(number, branch, is_queued=queued, has_run=run, is_standing=standing)
        for number, (branch, queued, run, standing) in enumerate(draw(some.lists(flags, max_size=12)), 1)
    ]
    steps = some.builds(Step, some.integers(0, 12), some.booleans(), some.floats(0, 130))
    keep, after = some.none() | some.integers(1, 14), some.none() | some.floats(0, 130)
    return batches, draw(some.lists(steps, max_size=6)), draw(some.builds(Rule, keep, after))


@given(histories(), some.frozensets(some.sampled_from(BRANCHES)))
def test_nothing_that_is_needed_goes(history: tuple[list[Past], list[Step], Rule], alive: frozenset[str]) -> None:
    batches, steps, rule = history
    found = decide(batches, steps, alive, rule)
    by_number = {batch.id: batch for batch in batches}
    assert not set(found.going) & set(found.spared)
    for number in found.going:
        batch = by_number[number]
        assert not batch.is_queued
        assert not batch.is_standing
        assert not any(step.is_needed or step.started_at >= found.before for step in steps if step.batch == number)
        assert rule.after is None or batch.sealed_at < rule.after
        assert rule.keep is None or sum(other.id > number for other in batches) >= rule.keep
        if batch.branch in alive:
            assert any(other.branch == batch.branch and other.id > number for other in batches)
    again = decide([batch for batch in batches if batch.id not in found.going], steps, alive, rule)
    assert again.going == (), "a second time finds nothing more"


@pytest.mark.parametrize(("age", "seconds"), [("12h", 43200), ("30d", 2592000), (" 2 W", 1209600)])
def test_ages(age: str, seconds: float) -> None:
    assert parse_age(age) == seconds


@pytest.mark.parametrize("age", ["", "30", "d", "-1d", "1.5d", "3y", "1d2h"])
def test_what_is_no_age(age: str) -> None:
    with pytest.raises(UsageError):
        parse_age(age)
