"""Answers that are kept, and answers that are dropped."""

import time

import pytest

from parcel.cache import TTLCache


@pytest.fixture
def cache(clock):
    return TTLCache(ttl=10, capacity=3, clock=clock)


def test_an_answer_is_made_once(cache):
    made = []
    for _ in range(3):
        cache.get("key", lambda: made.append("made"))
    assert made == ["made"]


def test_an_answer_dies_of_age(cache, clock):
    cache.put("key", "old")
    clock.sleep(9.9)
    assert "key" in cache
    clock.sleep(0.2)
    assert "key" not in cache
    assert cache.get("key", lambda: "new") == "new"


def test_the_oldest_makes_room(cache):
    for key in "abcd":
        cache.put(key, key)
    assert [key in cache for key in "abcd"] == [False, True, True, True]


def test_put_again_lives_longer(cache, clock):
    cache.put("key", "old")
    clock.sleep(5)
    cache.put("key", "new")
    clock.sleep(7)
    assert cache.get("key", lambda: "newest") == "new"


def test_nothing_is_an_answer_too(cache):
    cache.put("key", None)
    assert cache.get("key", lambda: "something") is None


def test_errors_are_not_kept(cache):
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 // 0)
    assert len(cache) == 0


@pytest.mark.parametrize(("ttl", "capacity"), [(0, 1), (1, 0)])
def test_senseless_settings(ttl, capacity):
    with pytest.raises(ValueError):
        TTLCache(ttl, capacity)


def test_an_answer_dies_while_we_sleep():
    cache = TTLCache(ttl=1.0)
    cache.put("key", "answer")
    assert "key" in cache
    time.sleep(1.05)
    assert "key" not in cache
