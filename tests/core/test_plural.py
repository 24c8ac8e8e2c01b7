"""Numbers of things, in words."""

from __future__ import annotations

import pytest

from batchhook.core.plural import plural


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
