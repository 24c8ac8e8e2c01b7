"""The invoice as the customer sees it."""

from decimal import Decimal

import pytest

from parcel.invoice import WIDTH, render
from parcel.money import Money
from parcel.orders import Line, Order


def make_order(*lines, **rates):
    return Order("2024-009", "Ada Lovelace", lines or (Line("Punched cards", 3, Money(1250), 220),), **rates)


def test_whole_page():
    assert render(make_order(discount=Decimal("0.05")), Money(549)) == """\
INVOICE 2024-009                                Ada Lovelace
============================================================
3 x Punched cards                    12.50 EUR     37.50 EUR
------------------------------------------------------------
Goods                                              37.50 EUR
Discount 5 %                                       -1.88 EUR
Postage for 660 g                                   5.49 EUR
Tax 19 %                                            7.81 EUR
============================================================
To pay                                             48.92 EUR
"""


def test_no_discount_no_line_about_it():
    assert "Discount" not in render(make_order(), Money(549))


def test_long_names_are_cut():
    page = render(make_order(Line("Analytical engine, complete, with mill and store", 1, Money(1))), Money(0))
    assert "1 x Analytical engine, comple...      0.01 EUR" in page


@pytest.mark.parametrize(
    ("rate", "text"), [("0.19", "Tax 19 %"), ("0.055", "Tax 5.5 %"), ("0.20", "Tax 20 %"), ("0", "Tax 0 %")]
)
def test_percentages_are_short(rate, text):
    assert text in render(make_order(tax=Decimal(rate)), Money(0))


def test_no_line_is_wider_than_the_page(orders):
    for order in orders:
        page = render(order, Money(549, order.currency))
        assert {len(line) for line in page.splitlines()} == {WIDTH}


def test_currency_of_the_order():
    page = render(make_order(Line("Slide rule", 1, Money(4900, "USD")), tax=Decimal(0)), Money(1000, "USD"))
    assert "59.00 USD" in page
    assert "EUR" not in page
