"""Asking a carrier for its prices."""

import os
import time
from urllib.request import urlopen

import pytest

from parcel.limiter import TokenBucket
from parcel.money import Money
from parcel.quotes import NoQuoteError, Quotes
from parcel.retry import Backoff, TemporaryError

SANDBOX = os.environ.get("PARCEL_SANDBOX_URL", "")


class Carrier:
    """One euro per half kilo; out of order for the first so many questions."""

    def __init__(self, failures=0):
        self.failures = failures
        self.asked = []

    def __call__(self, country, grams):
        self.asked.append((country, grams))
        if len(self.asked) <= self.failures:
            raise TemporaryError("line is busy")
        return Money(grams // 5)


def quotes(carrier, **parts):
    return Quotes(carrier, **{"bucket": TokenBucket(rate=1000, capacity=10), "backoff": Backoff(3, base=0.01), **parts})


@pytest.mark.parametrize(("grams", "price"), [(1, 100), (500, 100), (501, 200), (31_500, 6300)])
def test_half_kilos(grams, price):
    assert quotes(Carrier()).price("DE", grams) == Money(price)


def test_asked_once_for_the_same_price():
    carrier = Carrier()
    prices = quotes(carrier)
    for grams in (600, 700, 1000):
        prices.price("DE", grams)
    prices.price("FR", 600)
    assert carrier.asked == [("DE", 1000), ("FR", 1000)]


def test_asked_again_where_the_line_was_busy():
    assert quotes(Carrier(failures=2)).price("DE", 400) == Money(100)


def test_gives_up():
    with pytest.raises(NoQuoteError, match="no answer for DE, 500 g: line is busy"):
        quotes(Carrier(failures=3)).price("DE", 400)


@pytest.mark.parametrize("grams", [-1, 0, 31_501])
def test_weights_that_no_carrier_takes(grams):
    with pytest.raises(NoQuoteError):
        quotes(Carrier()).price("DE", grams)


def test_not_too_fast():
    prices = quotes(Carrier(), bucket=TokenBucket(rate=10, capacity=1))
    started = time.monotonic()
    for kilos in range(1, 8):
        prices.price("DE", kilos * 1000)
    assert time.monotonic() - started >= 0.59


@pytest.mark.skipif(not SANDBOX, reason="set PARCEL_SANDBOX_URL to ask a carrier's sandbox")
def test_sandbox():
    with urlopen(f"{SANDBOX}/price?country=DE&grams=500") as answer:
        assert Money.parse(answer.read().decode()) > Money(0)
