"""Orders from CSV files, well-formed and otherwise."""

import random

import pytest

from parcel.csvfile import BadRowError, read_orders, write_orders
from parcel.money import Money
from parcel.orders import Line, Order

HEADER = "order,customer,article,quantity,price,grams\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "orders.csv"


def test_rows_of_an_order_belong_together(orders):
    assert [(order.number, len(order.lines)) for order in orders] == [("2024-001", 2), ("2024-002", 1), ("2024-003", 1)]


def test_comma_in_quotes(orders):
    assert orders[0].lines[1].article == "Ribbon, black"


def test_currency(orders):
    assert orders[2].goods == Money(4900, "USD")


def test_no_orders(path):
    path.write_text(HEADER, encoding="utf-8")
    assert read_orders(path) == []


def test_missing_column(path):
    path.write_text("order,customer,article,quantity\n", encoding="utf-8")
    with pytest.raises(BadRowError, match=r"orders\.csv:1: no column price, grams"):
        read_orders(path)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1,Ada,Cards,three,1.00,5", "quantity: invalid literal"),
        ("1,Ada,Cards,3,1.0,5", "price: not an amount"),
        ("1,Ada,Cards,0,1.00,5", "Cards: the quantity is 0"),
        ("1,Ada,Cards,3", "a row has 6 cells"),
        ("1,Ada,Cards,3,1.00,5,6", "a row has 6 cells"),
    ],
)
def test_bad_rows_are_named_by_line(path, row, problem):
    path.write_text(f"{HEADER}1,Ada,Ribbon,1,7.95,80\n{row}\n", encoding="utf-8")
    with pytest.raises(BadRowError, match=f"orders.csv:3: {problem}"):
        read_orders(path)


def test_names_beyond_ascii(path):
    order = Order("7", "Zoë Müller", (Line("Crème brûlée, 6 Stück", 1, Money(1290), 900),))
    write_orders(path, [order])
    assert read_orders(path) == [order]


def test_what_is_written_reads_back(path):
    """Four hundred orders with every character in their names that means something to CSV."""
    chance = random.Random(5)

    def name():
        return "".join(chance.choices("ab ,;\"'\n", k=12))

    def line():
        return Line(name(), chance.randint(1, 99), Money(chance.randint(0, 10**6)), chance.randint(0, 5000))

    written = [
        Order(str(number), name(), tuple(line() for _ in range(chance.randint(1, 5)))) for number in range(400)
    ]
    write_orders(path, written)
    assert read_orders(path) == written
