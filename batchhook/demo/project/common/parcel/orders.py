"""What was bought, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Tuple

from parcel.money import Money, add_up


@dataclass(frozen=True)
class Line:
    """One article of an order. Price and weight are those of one piece."""

    article: str
    quantity: int
    price: Money
    grams: int = 0

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError(f"{self.article}: the quantity is {self.quantity}")
        if self.grams < 0:
            raise ValueError(f"{self.article}: the weight is {self.grams} g")

    @property
    def total(self) -> Money:
        """What all pieces cost."""
        return self.price * self.quantity


@dataclass(frozen=True)
class Order:
    """What one customer bought at one time.

    ``discount`` and ``tax`` are rates: 0.19 stands for 19 %. The tax is on what is paid: on the goods less the
    discount, and on the postage.
    """

    number: str
    customer: str
    lines: Tuple[Line, ...]
    discount: Decimal = Decimal(0)
    tax: Decimal = Decimal("0.19")

    def __post_init__(self) -> None:
        if not self.lines:
            raise ValueError(f"order {self.number} has no lines")
        if not 0 <= self.discount <= 1:
            raise ValueError(f"order {self.number}: a discount of {self.discount} is not between 0 and 1")

    @property
    def currency(self) -> str:
        """The currency of the first line, in which all others have to be as well."""
        return self.lines[0].price.currency

    @property
    def grams(self) -> int:
        """The weight of all pieces."""
        return sum(line.grams * line.quantity for line in self.lines)

    @property
    def goods(self) -> Money:
        """The lines, added up."""
        return add_up((line.total for line in self.lines), self.currency)

    @property
    def reduction(self) -> Money:
        """What the discount takes off the goods."""
        return self.goods.share(self.discount)

    def tax_due(self, postage: Money) -> Money:
        """The tax on goods and postage, rounded once, not line by line."""
        return (self.goods - self.reduction + postage).share(self.tax)

    def total(self, postage: Money) -> Money:
        """What the customer pays in the end."""
        return self.goods - self.reduction + postage + self.tax_due(postage)
