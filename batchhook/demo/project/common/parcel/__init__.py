"""parcel: orders in, invoices out."""

from parcel.cache import TTLCache
from parcel.csvfile import BadRowError, read_orders, write_orders
from parcel.invoice import render
from parcel.limiter import TokenBucket
from parcel.money import CurrencyError, Money, add_up
from parcel.orders import Line, Order
from parcel.quotes import NoQuoteError, Quotes
from parcel.retry import Backoff, TemporaryError, retry

__all__ = [
    "Backoff",
    "BadRowError",
    "CurrencyError",
    "Line",
    "Money",
    "NoQuoteError",
    "Order",
    "Quotes",
    "TTLCache",
    "TemporaryError",
    "TokenBucket",
    "add_up",
    "read_orders",
    "render",
    "retry",
    "write_orders",
]
