"""Orders from CSV files, well-formed and otherwise."""

import random
import tempfile
import unittest
from pathlib import Path

from parcel.csvfile import BadRowError, read_orders, write_orders
from parcel.money import Money
from parcel.orders import Line, Order

DATA = Path(__file__).parent / "data"
HEADER = "order,customer,article,quantity,price,grams\n"


class TestReading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.orders = read_orders(DATA / "orders.csv")

    def test_rows_of_an_order_belong_together(self):
        self.assertEqual([(order.number, len(order.lines)) for order in self.orders],
                         [("2024-001", 2), ("2024-002", 1), ("2024-003", 1)])

    def test_comma_in_quotes(self):
        self.assertEqual(self.orders[0].lines[1].article, "Ribbon, black")

    def test_currency(self):
        self.assertEqual(self.orders[2].goods, Money(4900, "USD"))


class TestTemporaryFiles(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "orders.csv"

    def test_no_orders(self):
        self.path.write_text(HEADER, encoding="utf-8")
        self.assertEqual(read_orders(self.path), [])

    def test_missing_column(self):
        self.path.write_text("order,customer,article,quantity\n", encoding="utf-8")
        with self.assertRaisesRegex(BadRowError, r"orders\.csv:1: no column price, grams"):
            read_orders(self.path)

    def test_bad_rows_are_named_by_line(self):
        for row, problem in [
            ("1,Ada,Cards,three,1.00,5", "quantity: invalid literal"),
            ("1,Ada,Cards,3,1.0,5", "price: not an amount"),
            ("1,Ada,Cards,0,1.00,5", "Cards: the quantity is 0"),
            ("1,Ada,Cards,3", "a row has 6 cells"),
            ("1,Ada,Cards,3,1.00,5,6", "a row has 6 cells"),
        ]:
            with self.subTest(row=row):
                self.path.write_text(f"{HEADER}1,Ada,Ribbon,1,7.95,80\n{row}\n", encoding="utf-8")
                with self.assertRaisesRegex(BadRowError, f"orders.csv:3: {problem}"):
                    read_orders(self.path)

    def test_names_beyond_ascii(self):
        order = Order("7", "Zoë Müller", (Line("Crème brûlée, 6 Stück", 1, Money(1290), 900),))
        write_orders(self.path, [order])
        self.assertEqual(read_orders(self.path), [order])

    def test_what_is_written_reads_back(self):
        """Four hundred orders with every character in their names that means something to CSV."""
        chance = random.Random(5)
        written = [
            Order(str(number), self._name(chance), tuple(self._line(chance) for _ in range(chance.randint(1, 5))))
            for number in range(400)
        ]
        write_orders(self.path, written)
        self.assertEqual(read_orders(self.path), written)

    @staticmethod
    def _name(chance):
        return "".join(chance.choices("ab ,;\"'\n", k=12))

    def _line(self, chance):
        return Line(self._name(chance), chance.randint(1, 99), Money(chance.randint(0, 10**6)), chance.randint(0, 5000))
