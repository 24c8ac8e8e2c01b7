"""Answers that are kept, and answers that are dropped."""

import time
import unittest

from parcel.cache import TTLCache


class TestCache(unittest.TestCase):
    def setUp(self):
        self.now = 0.0
        self.cache = TTLCache(ttl=10, capacity=3, clock=lambda: self.now)

    def test_an_answer_is_made_once(self):
        made = []
        for _ in range(3):
            self.cache.get("key", lambda: made.append("made"))
        self.assertEqual(made, ["made"])

    def test_an_answer_dies_of_age(self):
        self.cache.put("key", "old")
        self.now = 9.9
        self.assertIn("key", self.cache)
        self.now = 10
        self.assertNotIn("key", self.cache)
        self.assertEqual(self.cache.get("key", lambda: "new"), "new")

    def test_the_oldest_makes_room(self):
        for key in "abcd":
            self.cache.put(key, key)
        self.assertEqual([key in self.cache for key in "abcd"], [False, True, True, True])

    def test_put_again_lives_longer(self):
        self.cache.put("key", "old")
        self.now = 5
        self.cache.put("key", "new")
        self.now = 12
        self.assertEqual(self.cache.get("key", lambda: "newest"), "new")

    def test_nothing_is_an_answer_too(self):
        self.cache.put("key", None)
        self.assertIsNone(self.cache.get("key", lambda: "something"))

    def test_errors_are_not_kept(self):
        with self.assertRaises(ZeroDivisionError):
            self.cache.get("key", lambda: 1 // 0)
        self.assertEqual(len(self.cache), 0)

    def test_senseless_settings(self):
        for ttl, capacity in [(0, 1), (1, 0)]:
            with self.subTest(ttl=ttl, capacity=capacity), self.assertRaises(ValueError):
                TTLCache(ttl, capacity)


class TestWithRealClock(unittest.TestCase):
    def test_an_answer_dies_while_we_sleep(self):
        cache = TTLCache(ttl=1.0)
        cache.put("key", "answer")
        self.assertIn("key", cache)
        time.sleep(1.05)
        self.assertNotIn("key", cache)
