"""The token bucket: by a clock that the test turns, and by the real one."""

import threading
import time

import pytest

from parcel.limiter import TokenBucket


@pytest.fixture
def bucket(clock):
    return TokenBucket(rate=4, capacity=3, clock=clock, sleep=clock.sleep)


def test_full_at_the_start_and_then_empty(bucket):
    assert [bucket.try_take() for _ in range(5)] == [True, True, True, False, False]


def test_fills_again_in_time(bucket, clock):
    while bucket.try_take():
        pass
    clock.sleep(0.24)
    assert not bucket.try_take()
    clock.sleep(0.01)
    assert bucket.try_take()


def test_never_holds_more_than_its_capacity(bucket, clock):
    clock.sleep(3600)
    assert [bucket.try_take() for _ in range(4)] == [True, True, True, False]


def test_take_returns_how_long_it_waited(bucket):
    assert [bucket.take() for _ in range(5)] == [0, 0, 0, 0.25, 0.25]


@pytest.mark.parametrize(("rate", "capacity"), [(0, 1), (-1, 1), (1, 0)])
def test_senseless_settings(rate, capacity):
    with pytest.raises(ValueError):
        TokenBucket(rate, capacity)


def test_fourteen_requests_at_ten_a_second():
    bucket = TokenBucket(rate=10, capacity=4)
    started = time.monotonic()
    for _ in range(14):
        bucket.take()
    assert time.monotonic() - started >= 0.99


def test_threads_share_the_rate():
    bucket = TokenBucket(rate=20, capacity=1)
    threads = [threading.Thread(target=lambda: [bucket.take() for _ in range(4)]) for _ in range(4)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started >= 0.74
