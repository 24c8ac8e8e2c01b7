from __future__ import annotations

import pytest

from batchhook.core.change_titles import BlobChange, change_title

EDIT, ADD, DELETE = BlobChange("1", "2"), BlobChange("", "2"), BlobChange("1", "")


@pytest.mark.parametrize(
    ("files", "title"),
    [
        ({"parcel/money.py": EDIT}, "edit parcel/money.py"),
        ({"parcel/tax.py": ADD}, "add parcel/tax.py"),
        ({"parcel/tax.py": DELETE}, "delete parcel/tax.py"),
        ({"parcel/money.py": EDIT, "parcel/tax.py": EDIT, "z": EDIT}, "edit money.py and 2 more"),
        ({"a": DELETE, "b": ADD, "c": EDIT}, "change b and 2 more"),
        ({"a": DELETE, "b": BlobChange("", "1")}, "move a to b"),
        ({"a": DELETE, "b": ADD}, "change b and 1 more"),
        ({"a\n\x1b[31mb": EDIT}, "edit a [31mb"),
        ({f"{'d' * 70}/money.py": EDIT}, "edit money.py"),
    ],
)
def test_title(files: dict[str, BlobChange], title: str) -> None:
    assert change_title(files) == title


def test_title_length_is_bounded() -> None:
    long = {"x" * 200: EDIT, "y" * 200: EDIT}
    assert len(change_title(long)) <= 72
    assert change_title(long).endswith(" and 1 more")
    assert len(change_title({"x" * 200: ADD})) <= 72
    assert len(change_title({"x" * 200: DELETE, "y" * 200: BlobChange("", "1")})) <= 72
