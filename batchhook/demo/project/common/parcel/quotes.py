"""What a carrier charges: asked once a while, not too fast, and again where the line was bad."""

from __future__ import annotations

from typing import Callable, Optional

from parcel.cache import TTLCache
from parcel.limiter import TokenBucket
from parcel.money import Money
from parcel.retry import Backoff, TemporaryError, retry

HEAVIEST = 31_500
"""Grams that a carrier takes as one parcel."""

STEP = 500
"""Carriers charge by the half kilo, so a quote for 501 g holds up to 1000 g."""


class NoQuoteError(Exception):
    """There is no price for this parcel: it is too heavy, or the carrier did not answer."""


class Quotes:
    """The prices of one carrier, whom ``ask(country, grams)`` asks for one."""

    def __init__(
        self,
        ask: Callable[[str, int], Money],
        *,
        cache: Optional[TTLCache[tuple, Money]] = None,
        bucket: Optional[TokenBucket] = None,
        backoff: Optional[Backoff] = None,
    ) -> None:
        self._ask = ask
        self._cache = TTLCache(ttl=3600) if cache is None else cache  # an empty cache is false
        self._bucket = bucket or TokenBucket(rate=5, capacity=5)
        self._backoff = backoff or Backoff()

    def price(self, country: str, grams: int) -> Money:
        """What a parcel of this weight costs."""
        if not 0 < grams <= HEAVIEST:
            raise NoQuoteError(f"no carrier takes a parcel of {grams} g")
        charged = -(-grams // STEP) * STEP
        return self._cache.get((country, charged), lambda: self._ask_politely(country, charged))

    def _ask_politely(self, country: str, grams: int) -> Money:
        def ask_once() -> Money:
            self._bucket.take()
            return self._ask(country, grams)

        try:
            return retry(ask_once, self._backoff)
        except TemporaryError as error:
            raise NoQuoteError(f"no answer for {country}, {grams} g: {error}") from error
