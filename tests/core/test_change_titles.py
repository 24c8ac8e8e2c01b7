from __future__ import annotations

import pytest

from batchhook.core.change_titles import Touch, described

EDIT, ADD, DELETE = Touch("1", "2"), Touch("", "2"), Touch("1", "")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"parcel/money.py": EDIT}, "edit parcel/money.py"),
        ({"parcel/tax.py": ADD}, "add parcel/tax.py"),
        ({"parcel/tax.py": DELETE}, "delete parcel/tax.py"),
        ({"parcel/money.py": EDIT, "parcel/tax.py": EDIT, "z": EDIT}, "edit money.py and 2 more"),
        ({"a": DELETE, "b": ADD, "c": EDIT}, "change b and 2 more"),
        ({"a": DELETE, "b": Touch("", "1")}, "move a to b"),
        ({"a": DELETE, "b": ADD}, "change b and 1 more"),
        ({"a\n\x1b[31mb": EDIT}, "edit a [31mb"),
        ({f"{'d' * 70}/money.py": EDIT}, "edit money.py"),
    ],
)
def test_what_a_change_is_called(files: dict[str, Touch], said: str) -> None:
    assert described(files) == said


def test_it_is_never_long() -> None:
    long = {"x" * 200: EDIT, "y" * 200: EDIT}
    assert len(described(long)) <= 72
    assert described(long).endswith(" and 1 more")
    assert len(described({"x" * 200: ADD})) <= 72
    assert len(described({"x" * 200: DELETE, "y" * 200: Touch("", "1")})) <= 72
