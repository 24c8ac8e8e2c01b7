"""Untrusted text is shown as it was written, and is no markup."""

from __future__ import annotations

from hypothesis import given, settings

from batchhook.core.sanitize import one_line, sanitize_lines
from batchhook.report import markdown_escape
from tests.report.markdown import NASTY, RENDER, Shown


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_texts_are_no_markup(text: str) -> None:
    shown = Shown(RENDER(f"x {markdown_escape.escape(text)} y"))
    assert shown.tags == ["p"]
    assert " ".join(shown.text.split()) == " ".join(f"x {one_line(text)} y".split())


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_code_is_no_markup(text: str) -> None:
    shown = Shown(RENDER(f"x {markdown_escape.code_span(text)} y"))
    assert shown.tags == (["p", "code"] if one_line(text) else ["p"])
    assert " ".join(shown.text.split()) == " ".join(f"x {one_line(text)} y".split())


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_a_cell_and_a_block_are_no_markup(text: str) -> None:
    table = Shown(RENDER(f"| a | b |\n|---|---|\n| {markdown_escape.code_cell(text)} | c |\n"))
    assert table.tags.count("td") == 2
    assert set(table.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    block = Shown(RENDER("\n".join(markdown_escape.code_block(sanitize_lines(text)))))
    assert block.tags == ["pre", "code"]
    assert block.text.rstrip("\n") == sanitize_lines(text).rstrip("\n")
