"""What an order comes to."""

from decimal import Decimal

import pytest

from parcel.money import CurrencyError, Money
from parcel.orders import Line, Order

CARDS = Line("Punched cards", quantity=3, price=Money(1250), grams=220)
RIBBON = Line("Ribbon", quantity=1, price=Money(795), grams=80)


@pytest.fixture(scope="module")
def order():
    return Order("2024-001", "Ada Lovelace", (CARDS, RIBBON), discount=Decimal("0.10"))


def test_total_of_a_line():
    assert CARDS.total == Money(3750)


def test_quantity_of_none():
    with pytest.raises(ValueError, match="Ribbon: the quantity is 0"):
        Line("Ribbon", quantity=0, price=Money(795))


def test_lighter_than_nothing():
    with pytest.raises(ValueError, match="-1 g"):
        Line("Balloon", quantity=1, price=Money(100), grams=-1)


def test_goods(order):
    assert order.goods == Money(4545)


def test_weight(order):
    assert order.grams == 740


def test_discount(order):
    assert order.reduction == Money(454)  # 454.5 to the even cent


def test_tax_is_on_goods_and_postage(order):
    assert order.tax_due(postage=Money(549)) == Money(882)  # 19 % of 46.40 are 881.6 cents


def test_total(order):
    assert order.total(postage=Money(549)) == Money(5522)


def test_free_of_tax():
    order = Order("2024-002", "Grace Hopper", (RIBBON,), tax=Decimal(0))
    assert order.total(postage=Money(0)) == Money(795)


def test_no_lines():
    with pytest.raises(ValueError, match="no lines"):
        Order("2024-003", "Alan Turing", ())


def test_discount_of_more_than_all():
    with pytest.raises(ValueError, match="between 0 and 1"):
        Order("2024-004", "Ada Lovelace", (CARDS,), discount=Decimal(10))


def test_lines_in_two_currencies():
    order = Order("2024-005", "Ada Lovelace", (CARDS, Line("Slide rule", 1, Money(4900, "USD"))))
    with pytest.raises(CurrencyError):
        order.total(postage=Money(0))
