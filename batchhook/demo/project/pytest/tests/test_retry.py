"""Asking again."""

import time

import pytest

from parcel.retry import Backoff, TemporaryError, retry


class Flaky:
    """Fails so many times, then answers."""

    def __init__(self, failures):
        self.failures = failures
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise TemporaryError(f"attempt {self.calls}")
        return "answer"


@pytest.fixture
def waits():
    return []


def test_each_wait_is_twice_the_one_before():
    assert list(Backoff(attempts=5, base=0.5).delays()) == [0.5, 1, 2, 4]


def test_no_wait_is_above_the_ceiling():
    delays = list(Backoff(attempts=50, base=1, ceiling=8).delays())
    assert len(delays) == 49
    assert max(delays) == 8


def test_one_attempt_waits_for_nothing():
    assert list(Backoff(attempts=1).delays()) == []


@pytest.mark.parametrize("settings", [{"attempts": 0}, {"base": -1}, {"factor": 0.5}], ids=str)
def test_senseless_settings(settings):
    with pytest.raises(ValueError):
        Backoff(**settings)


def test_success_at_once(waits):
    assert retry(Flaky(failures=0), Backoff(4), sleep=waits.append) == "answer"
    assert waits == []


def test_success_at_last(waits):
    function = Flaky(failures=3)
    assert retry(function, Backoff(4), sleep=waits.append) == "answer"
    assert function.calls == 4
    assert len(waits) == 3


def test_the_last_error_is_the_callers(waits):
    with pytest.raises(TemporaryError, match="attempt 4"):
        retry(Flaky(failures=9), Backoff(4), sleep=waits.append)


def test_other_errors_are_not_tried_again(waits):
    with pytest.raises(ZeroDivisionError):
        retry(lambda: 1 // 0, Backoff(4), sleep=waits.append)
    assert waits == []


def test_it_really_waits():
    started = time.monotonic()
    retry(Flaky(failures=2), Backoff(attempts=3, base=0.35))
    assert time.monotonic() - started >= 0.35 + 0.70
