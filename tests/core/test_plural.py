"""Numbers of things, in words."""

from __future__ import annotations

import pytest

from batchhook.core.plural import percentage, plural


@pytest.mark.parametrize(
    ("number", "noun", "expected"),
    [
        (0, "test", "0 tests"),
        (1, "test", "1 test"),
        (2, "test", "2 tests"),
        (1, "batch", "1 batch"),
        (3, "batch", "3 batches"),
        (2, "failing test", "2 failing tests"),
    ],
)
def test_number_and_noun_agree(number: int, noun: str, expected: str) -> None:
    assert plural(number, noun) == expected


def test_an_irregular_plural_can_be_given() -> None:
    assert plural(2, "entry", "entries") == "2 entries"
    assert plural(1, "entry", "entries") == "1 entry"


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0, "0%"),
        (2 / 702, "0.3%"),
        (1 / 100_000, "<0.1%"),
        (0.006, "1%"),
        (0.5, "50%"),
        (0.994, "99%"),
        (701 / 702, "99.9%"),
        (0.99999, ">99.9%"),
        (1, "100%"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_all(share: float, expected: str) -> None:
    assert percentage(share) == expected
