"""Ask again, each time after a longer wait."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Iterator, TypeVar

T = TypeVar("T")


class TemporaryError(Exception):
    """What failed now may work in a moment."""


@dataclass(frozen=True)
class Backoff:
    """How often to try, and how long to wait in between.

    The first wait is ``base`` seconds, each further one ``factor`` times the one before, none above ``ceiling``.
    """

    attempts: int = 4
    base: float = 0.1
    factor: float = 2.0
    ceiling: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"{self.attempts} attempts are no attempt")
        if self.base < 0 or self.factor < 1:
            raise ValueError("waits get longer, not shorter")

    def delays(self) -> Iterator[float]:
        """The seconds to wait after each failed attempt but the last, after which there is nothing to wait for."""
        for retries in range(self.attempts - 1):
            yield min(self.ceiling, self.base * self.factor**retries)


def retry(function: Callable[[], T], backoff: Backoff, sleep: Callable[[float], None] = time.sleep) -> T:
    """Call a function until it raises no :class:`TemporaryError`; the last attempt's error is the caller's."""
    for delay in backoff.delays():
        try:
            return function()
        except TemporaryError:
            sleep(delay)
    return function()
