"""Asking again."""

import time
import unittest

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


class TestBackoff(unittest.TestCase):
    def test_each_wait_is_twice_the_one_before(self):
        self.assertEqual(list(Backoff(attempts=5, base=0.5).delays()), [0.5, 1, 2, 4])

    def test_no_wait_is_above_the_ceiling(self):
        delays = list(Backoff(attempts=50, base=1, ceiling=8).delays())
        self.assertEqual(len(delays), 49)
        self.assertEqual(max(delays), 8)

    def test_one_attempt_waits_for_nothing(self):
        self.assertEqual(list(Backoff(attempts=1).delays()), [])

    def test_senseless_settings(self):
        for settings in [{"attempts": 0}, {"base": -1}, {"factor": 0.5}]:
            with self.subTest(**settings), self.assertRaises(ValueError):
                Backoff(**settings)


class TestRetry(unittest.TestCase):
    def setUp(self):
        self.waits = []

    def retry(self, function, attempts=4):
        return retry(function, Backoff(attempts), sleep=self.waits.append)

    def test_success_at_once(self):
        self.assertEqual(self.retry(Flaky(failures=0)), "answer")
        self.assertEqual(self.waits, [])

    def test_success_at_last(self):
        function = Flaky(failures=3)
        self.assertEqual(self.retry(function), "answer")
        self.assertEqual(function.calls, 4)
        self.assertEqual(len(self.waits), 3)

    def test_the_last_error_is_the_callers(self):
        with self.assertRaisesRegex(TemporaryError, "attempt 4"):
            self.retry(Flaky(failures=9))

    def test_other_errors_are_not_tried_again(self):
        with self.assertRaises(ZeroDivisionError):
            self.retry(lambda: 1 // 0)
        self.assertEqual(self.waits, [])

    def test_it_really_waits(self):
        started = time.monotonic()
        retry(Flaky(failures=2), Backoff(attempts=3, base=0.35))
        self.assertGreaterEqual(time.monotonic() - started, 0.35 + 0.70)
