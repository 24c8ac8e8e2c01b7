"""Answers that are good for a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Callable, Generic, Hashable, Tuple, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TTLCache(Generic[K, V]):
    """Keeps each answer for ``ttl`` seconds, and the ``capacity`` most recent ones at most."""

    def __init__(self, ttl: float, capacity: int = 1024, clock: Callable[[], float] = time.monotonic) -> None:
        if ttl <= 0 or capacity < 1:
            raise ValueError("a cache keeps at least one answer for some time")
        self.ttl = ttl
        self.capacity = capacity
        self._clock = clock
        self._answers: OrderedDict[K, Tuple[float, V]] = OrderedDict()  # by time of death, the first to die first

    def __len__(self) -> int:
        self._bury()
        return len(self._answers)

    def __contains__(self, key: object) -> bool:
        self._bury()
        return key in self._answers

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The answer that is kept, or else a new one. What ``make`` raises is not kept."""
        self._bury()
        if key not in self._answers:
            self.put(key, make())
        return self._answers[key][1]

    def put(self, key: K, answer: V) -> None:
        """Keep an answer from now on, in place of an older one."""
        self._answers.pop(key, None)
        self._answers[key] = (self._clock() + self.ttl, answer)
        if len(self._answers) > self.capacity:
            self._answers.popitem(last=False)

    def _bury(self) -> None:
        """Drop what has died. All answers live equally long, so the first that lives ends the search."""
        now = self._clock()
        while self._answers:
            dies_at, _ = next(iter(self._answers.values()))
            if now < dies_at:
                break
            self._answers.popitem(last=False)
