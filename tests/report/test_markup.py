"""What others wrote is shown as they wrote it, and is no markup."""

from __future__ import annotations

from hypothesis import given, settings

from batchhook.core.text import lines, one_line
from batchhook.report import markup
from tests.report.markdown import NASTY, RENDER, Shown


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_texts_are_no_markup(text: str) -> None:
    shown = Shown(RENDER(f"x {markup.escaped(text)} y"))
    assert shown.tags == ["p"]
    assert " ".join(shown.text.split()) == " ".join(f"x {one_line(text)} y".split())


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_code_is_no_markup(text: str) -> None:
    shown = Shown(RENDER(f"x {markup.code(text)} y"))
    assert shown.tags == (["p", "code"] if one_line(text) else ["p"])
    assert " ".join(shown.text.split()) == " ".join(f"x {one_line(text)} y".split())


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_a_cell_and_a_block_stay_what_they_are(text: str) -> None:
    table = Shown(RENDER(f"| a | b |\n|---|---|\n| {markup.cell(text)} | c |\n"))
    assert table.tags.count("td") == 2
    assert set(table.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    block = Shown(RENDER("\n".join(markup.block(lines(text)))))
    assert block.tags == ["pre", "code"]
    assert block.text.rstrip("\n") == lines(text).rstrip("\n")
