"""Pages of long lists, and orders that are named in an address."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from batchhook.errors import UsageError

Order = TypeVar("Order", bound=Enum)


def check_page(page: int, pages: int) -> int:
    """Return the number of pages, if the page is one of them.

    Raises:
        UsageError: there is no such page.
    """
    if not 1 <= page <= pages:
        raise UsageError(f"there is no page {page}", f"the last one is page {pages}")
    return pages


def parse_order(orders: type[Order], name: str) -> Order:
    """Return the order of this name.

    Raises:
        UsageError: there is no such order.
    """
    names = [str(order.value) for order in orders]
    if name not in names:
        raise UsageError(f"there is no order {name}", f"choose one of: {', '.join(names)}")
    return orders(name)
