"""The summary: what others wrote is shown as they wrote it, and is no markup."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import example, given, settings, strategies as st
from markdown_it import MarkdownIt

from batchhook.core.ci import CiRun
from batchhook.core.outcomes import Outcome, SuiteOutcome, TestResult
from batchhook.core.text import lines, one_line
from batchhook.core.verdicts import Verdict
from batchhook.report.ci import summary

RENDER = MarkdownIt("commonmark").enable("table").render
NASTY = st.text(st.sampled_from("ab1 `*_[]()<>&|\\!#~-+=.:/\"'@\n\x1b"), max_size=25)


class Shown(HTMLParser):
    """Elements and texts of a document as a browser shows them."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_texts_are_no_markup(text: str) -> None:
    shown = Shown(RENDER(f"x {summary.escaped(text)} y"))
    assert shown.tags == ["p"]
    assert " ".join(shown.text.split()) == " ".join(f"x {one_line(text)} y".split())


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_code_is_no_markup(text: str) -> None:
    shown = Shown(RENDER(f"x {summary.code(text)} y"))
    assert shown.tags == (["p", "code"] if one_line(text) else ["p"])
    assert " ".join(shown.text.split()) == " ".join(f"x {one_line(text)} y".split())


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_a_cell_and_a_block_stay_what_they_are(text: str) -> None:
    table = Shown(RENDER(f"| a | b |\n|---|---|\n| {summary.cell(text)} | c |\n"))
    assert table.tags.count("td") == 2
    assert set(table.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    block = Shown(RENDER("\n".join(summary.block(lines(text)))))
    assert block.tags == ["pre", "code"]
    assert block.text.rstrip("\n") == lines(text).rstrip("\n")


@settings(max_examples=100, deadline=None)
@given(NASTY, NASTY, NASTY, NASTY)
@example("<b>x</b>", "<b>x</b>", "</details> *a*", "</details>\n```\n<b>")
def test_a_whole_summary_has_no_element_of_others(name: str, error: str, message: str, traceback: str) -> None:
    result = TestResult(name, "m", Outcome.FAILED, error_type=error, message=message, traceback=traceback, note=message)
    run = CiRun("1" * 40, 0.0, SuiteOutcome((result,), 1.0), Verdict.FAILED)
    shown = Shown(RENDER(summary.markdown(run)))
    ours = {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "strong", "ul", "li"}
    assert set(shown.tags) <= ours | {"details", "summary"}
    assert shown.tags.count("h3") == 1
