"""Sanitizing of untrusted texts."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.sanitize import escape_bytes, escape_surrogates, one_line, sanitize_lines


@given(st.text(), st.integers(1, 50))
def test_one_line_is_printable_and_bounded(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.isprintable()


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [("a\n  b\tc", 0, "a b c"), ("\x1b[31mred\x07", 0, "[31mred"), ("abcdef", 4, "abc…"), ("abcd", 4, "abcd")],
)
def test_one_line(text: str, limit: int, line: str) -> None:
    assert one_line(text, limit) == line


def test_sanitize_lines_keeps_lines() -> None:
    assert sanitize_lines("a\r\n  b\x1b[2J\n") == "a\n  b [2J"


@given(st.text())
def test_escaped_surrogates_can_be_encoded(text: str) -> None:
    assert escape_surrogates(f"{text}\ud800").encode().decode().endswith("\\ud800")


def test_escape_bytes() -> None:
    assert escape_bytes("caf\udce9") == "caf\\xe9"
    assert escape_bytes("café") == "café"
