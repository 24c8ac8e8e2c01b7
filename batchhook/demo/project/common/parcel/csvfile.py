"""Orders from a CSV file and back: a row per line of an order, the rows of an order one after the other."""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Tuple, TypeVar, Union

from parcel.money import Money
from parcel.orders import Line, Order

COLUMNS = ("order", "customer", "article", "quantity", "price", "grams")

T = TypeVar("T")
Row = Dict[str, str]


class BadRowError(ValueError):
    """A row that is no line of an order. The message begins with file and line, as a compiler's does."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path.name}:{line}: {problem}")
        self.line = line


def read_orders(path: Union[str, Path]) -> List[Order]:
    """Read all orders of a file, or raise the first :class:`BadRowError` that is met."""
    path = Path(path)
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Order(number, customer, tuple(line for _, line in rows))
            for (number, customer), rows in groupby(_lines(path, csv.DictReader(file)), key=lambda pair: pair[0])
        ]


def write_orders(path: Union[str, Path], orders: Iterable[Order]) -> None:
    """Write orders so that :func:`read_orders` gives them back (discounts and tax rates are not part of the file)."""
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for order in orders:
            for line in order.lines:
                writer.writerow(
                    [order.number, order.customer, line.article, line.quantity, line.price, line.grams],
                )


def _lines(path: Path, reader: csv.DictReader) -> Iterator[Tuple[Tuple[str, str], Line]]:
    """Each row's order number and customer, and its line."""
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise BadRowError(path, 1, f"no column {', '.join(missing)}")
    for row in reader:
        if None in row or None in row.values():  # DictReader's way to tell a row that is too long or too short
            raise BadRowError(path, reader.line_num, f"a row has {len(COLUMNS)} cells")
        try:
            yield (row["order"], row["customer"]), _line(row)
        except ValueError as error:
            raise BadRowError(path, reader.line_num, str(error)) from error


def _line(row: Row) -> Line:
    return Line(
        article=row["article"],
        quantity=_cell(row, "quantity", int),
        price=_cell(row, "price", Money.parse),
        grams=_cell(row, "grams", int),
    )


def _cell(row: Row, column: str, read: Callable[[str], T]) -> T:
    """Read a cell, and name its column where that fails."""
    try:
        return read(row[column])
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error
