"""Markdown, as it is shown."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import strategies as st
from markdown_it import MarkdownIt

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
