"""An order as a page of plain text, such as a mail can carry."""

from __future__ import annotations

from decimal import Decimal
from typing import Iterator

from parcel.money import Money
from parcel.orders import Line, Order

WIDTH = 60


def render(order: Order, postage: Money) -> str:
    """The invoice, :data:`WIDTH` columns wide, ready to be sent."""
    return "\n".join(_page(order, postage)) + "\n"


def _page(order: Order, postage: Money) -> Iterator[str]:
    yield f"INVOICE {order.number}".ljust(WIDTH - len(order.customer)) + order.customer
    yield "=" * WIDTH
    for line in order.lines:
        yield _article(line)
    yield "-" * WIDTH
    yield "Goods".ljust(WIDTH - 14) + str(order.goods).rjust(14)
    if order.discount:
        label = f"Discount {_percent(order.discount)}"
        yield label.ljust(WIDTH - 14) + str(-order.reduction).rjust(14)
    yield f"Postage for {order.grams} g".ljust(WIDTH - 14) + str(postage).rjust(14)
    yield f"Tax {_percent(order.tax)}".ljust(WIDTH - 14) + str(order.tax_due(postage)).rjust(14)
    yield "=" * WIDTH
    yield "To pay".ljust(WIDTH - 14) + str(order.total(postage)).rjust(14)


def _article(line: Line) -> str:
    """One line of the order; a name too long for its column ends in dots."""
    name = f"{line.quantity} x {line.article}"
    if len(name) > WIDTH - 28:
        name = name[: WIDTH - 31] + "..."
    return name.ljust(WIDTH - 28) + str(line.price).rjust(14) + str(line.total).rjust(14)


def _percent(rate: Decimal) -> str:
    """0.190 as ``19 %``, 0.055 as ``5.5 %``."""
    return f"{(rate * 100).normalize():f} %"
