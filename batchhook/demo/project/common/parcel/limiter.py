"""A token bucket: so many requests a second, and no more."""

from __future__ import annotations

import threading
import time
from typing import Callable


class TokenBucket:
    """Lets through ``rate`` requests a second, and up to ``capacity`` at once after a quiet time.

    Threads may share one.
    """

    def __init__(
        self,
        rate: float,
        capacity: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if rate <= 0 or capacity < 1:
            raise ValueError("a bucket needs a rate above 0 and room for 1 token")
        self.rate = rate
        self.capacity = capacity
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = capacity
        self._filled_at = clock()

    def try_take(self) -> bool:
        """Take a token if there is one; never wait."""
        with self._lock:
            self._fill()
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def take(self) -> float:
        """Take a token, wait until it is there, and say for how many seconds.

        The token is taken first, if need be on credit, and waited for without the lock. So each thread waits for a
        token of its own, and they come in the order in which they were asked for.
        """
        with self._lock:
            self._fill()
            self._tokens -= 1
            wait = max(0.0, -self._tokens / self.rate)
        if wait:
            self._sleep(wait)
        return wait

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self.capacity, self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now
