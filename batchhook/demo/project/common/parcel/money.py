"""Money that adds up: whole cents, one currency at a time, one way to round."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import total_ordering
from typing import Iterable, List

_AMOUNT = re.compile(r"(?P<sign>-?)(?P<whole>\d+)\.(?P<cents>\d\d)(?: (?P<currency>[A-Z]{3}))?")


class CurrencyError(ValueError):
    """Amounts in two currencies met where only one has a meaning."""


@total_ordering
@dataclass(frozen=True)
class Money:
    """An amount in whole cents of one currency; below zero for what is paid back."""

    cents: int
    currency: str = "EUR"

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read ``12.34``, which is in euros, or ``-12.34 USD``."""
        match = _AMOUNT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not an amount of money: {text!r}")
        cents = int(match["whole"]) * 100 + int(match["cents"])
        return cls(-cents if match["sign"] else cents, match["currency"] or "EUR")

    def __str__(self) -> str:
        whole, cents = divmod(abs(self.cents), 100)
        return f"{'-' if self.cents < 0 else ''}{whole}.{cents:02d} {self.currency}"

    def __add__(self, other: Money) -> Money:
        return replace(self, cents=self.cents + self._same_currency(other).cents)

    def __sub__(self, other: Money) -> Money:
        return replace(self, cents=self.cents - self._same_currency(other).cents)

    def __neg__(self) -> Money:
        return replace(self, cents=-self.cents)

    def __mul__(self, times: int) -> Money:
        return replace(self, cents=self.cents * times)

    def __lt__(self, other: Money) -> bool:
        return self.cents < self._same_currency(other).cents

    def share(self, rate: Decimal) -> Money:
        """The part of the amount that a rate says: ``Money(1999).share(Decimal("0.19"))`` is 3.80.

        Half a cent goes to the even neighbour. So over many shares as much is rounded up as down, and a column of
        taxes does not drift away from the tax on its sum.
        """
        exact = self.cents * Fraction(rate)
        return replace(self, cents=round(exact))

    def split(self, parts: int) -> List[Money]:
        """Cut the amount into parts that differ by a cent at most and add up to it, the larger ones first."""
        if parts < 1:
            raise ValueError(f"money cannot be split into {parts} parts")
        cents, left_over = divmod(self.cents, parts)
        return [replace(self, cents=cents + (part < left_over)) for part in range(parts)]

    def _same_currency(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyError(f"{self} and {other} are in different currencies")
        return other


def add_up(amounts: Iterable[Money], currency: str = "EUR") -> Money:
    """Add amounts of one currency; nothing at all comes to zero."""
    return sum(amounts, Money(0, currency))
