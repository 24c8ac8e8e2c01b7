"""Pages as a browser reads them."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "link", "input"}
KNOWN = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "link",
    "body",
    "header",
    "nav",
    "main",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "span",
    "a",
    "strong",
    "svg",
    "rect",
    "section",
    "article",
    "details",
    "summary",
    "ul",
    "ol",
    "li",
    "code",
    "pre",
    "mark",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "div",
    "br",
    "bdi",
    "dl",
    "dt",
    "dd",
    "i",
    "abbr",
    "progress",
    "form",
    "label",
    "input",
    "button",
    "datalist",
    "option",
    "script",
}
ATTRIBUTES = {
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "viewbox",
    "role",
    "aria-label",
    "aria-hidden",
    "aria-labelledby",
    "aria-current",
    "x",
    "y",
    "width",
    "height",
    "id",
    "href",
    "tabindex",
    "scope",
    "title",
    "preserveaspectratio",
    "value",
    "max",
    "open",
    "rel",
}
"""Of a page without forms and scripts."""
FORM_ATTRIBUTES = {
    "method",
    "action",
    "type",
    "for",
    "required",
    "pattern",
    "autocomplete",
    "autocapitalize",
    "spellcheck",
    "maxlength",
    "list",
    "src",
    "defer",
    "data-refresh",
    "data-select",
}


class Parsed(HTMLParser):
    """A page: every tag, whether they nest, all attributes, all text, and the headings with their levels."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: dict[str, list[str]] = {}
        self.text: list[str] = []
        self.levels: list[int] = []
        self._open: list[str] = []
        self.style = ""
        self.feed(page)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in {"h1", "h2", "h3", "h4"}:
            self.levels.append(int(tag[1]))
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in {"td", "th", "li", "dd", "p"}:
            self.text.append(" ")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.text.append(data)

    @property
    def shown(self) -> str:
        return "".join(self.text)
