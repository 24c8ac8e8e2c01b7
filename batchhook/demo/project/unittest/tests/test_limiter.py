"""The token bucket: by a clock that the test turns, and by the real one."""

import threading
import time
import unittest

from parcel.limiter import TokenBucket


class FakeClock:
    """Stands still until somebody sleeps."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class TestWithFakeClock(unittest.TestCase):
    def setUp(self):
        self.clock = FakeClock()
        self.bucket = TokenBucket(rate=4, capacity=3, clock=self.clock, sleep=self.clock.sleep)

    def test_full_at_the_start_and_then_empty(self):
        self.assertEqual([self.bucket.try_take() for _ in range(5)], [True, True, True, False, False])

    def test_fills_again_in_time(self):
        while self.bucket.try_take():
            pass
        self.clock.sleep(0.24)
        self.assertFalse(self.bucket.try_take())
        self.clock.sleep(0.01)
        self.assertTrue(self.bucket.try_take())

    def test_never_holds_more_than_its_capacity(self):
        self.clock.sleep(3600)
        self.assertEqual([self.bucket.try_take() for _ in range(4)], [True, True, True, False])

    def test_take_says_how_long_it_waited(self):
        self.assertEqual([self.bucket.take() for _ in range(5)], [0, 0, 0, 0.25, 0.25])

    def test_senseless_settings(self):
        for rate, capacity in [(0, 1), (-1, 1), (1, 0)]:
            with self.subTest(rate=rate, capacity=capacity), self.assertRaises(ValueError):
                TokenBucket(rate, capacity)


class TestWithRealClock(unittest.TestCase):
    def test_fourteen_requests_at_ten_a_second(self):
        bucket = TokenBucket(rate=10, capacity=4)
        started = time.monotonic()
        for _ in range(14):
            bucket.take()
        self.assertGreaterEqual(time.monotonic() - started, 0.99)

    def test_threads_share_the_rate(self):
        bucket = TokenBucket(rate=20, capacity=1)
        threads = [threading.Thread(target=lambda: [bucket.take() for _ in range(4)]) for _ in range(4)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertGreaterEqual(time.monotonic() - started, 0.74)
