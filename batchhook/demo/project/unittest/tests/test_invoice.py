"""The invoice as the customer sees it."""

import unittest
from decimal import Decimal
from pathlib import Path

from parcel.csvfile import read_orders
from parcel.invoice import WIDTH, render
from parcel.money import Money
from parcel.orders import Line, Order

DATA = Path(__file__).parent / "data"


def order(*lines, **rates):
    return Order("2024-009", "Ada Lovelace", lines or (Line("Punched cards", 3, Money(1250), 220),), **rates)


class TestInvoice(unittest.TestCase):
    maxDiff = None

    def test_whole_page(self):
        self.assertEqual(render(order(discount=Decimal("0.05")), Money(549)), """\
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
""")

    def test_no_discount_no_line_about_it(self):
        self.assertNotIn("Discount", render(order(), Money(549)))

    def test_long_names_are_cut(self):
        page = render(order(Line("Analytical engine, complete, with mill and store", 1, Money(1))), Money(0))
        self.assertIn("1 x Analytical engine, comple...      0.01 EUR", page)

    def test_percentages_are_short(self):
        for rate, text in [("0.19", "Tax 19 %"), ("0.055", "Tax 5.5 %"), ("0.20", "Tax 20 %"), ("0", "Tax 0 %")]:
            with self.subTest(rate=rate):
                self.assertIn(text, render(order(tax=Decimal(rate)), Money(0)))

    def test_no_line_is_wider_than_the_page(self):
        for each in read_orders(DATA / "orders.csv"):
            page = render(each, Money(549, each.currency))
            self.assertEqual({len(line) for line in page.splitlines()}, {WIDTH})

    def test_currency_of_the_order(self):
        page = render(order(Line("Slide rule", 1, Money(4900, "USD")), tax=Decimal(0)), Money(1000, "USD"))
        self.assertIn("59.00 USD", page)
        self.assertNotIn("EUR", page)
