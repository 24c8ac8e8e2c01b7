"""jinja2 for the pages: escaping, the functions that templates use, and the policy of a page in one file.

jinja2 escapes everything put into a page. As a second line of defence, a content security policy forbids loading and
running anything from elsewhere: the server sends it, a page in one file has it inside, with the hash of its style.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

import jinja2

import batchhook
from batchhook.core.plural import percentage, plural
from batchhook.core.sanitize import escape_bytes, sanitize_lines
from batchhook.report import operation_phrases, phrases
from batchhook.report.site import charts, words
from batchhook.report.site.links import Links

_FOLDER = Path(__file__).parent
STATIC = _FOLDER / "static"
"""The folder of the files that pages load."""
STYLE = "style.css"


def render(template: str, links: Links, **values: object) -> str:
    """Render a template."""
    return _environment().get_template(template).render(links=links, **values)


def preload() -> None:
    """Compile the templates, so that the first page is not delayed."""
    for name in _environment().list_templates(extensions=["html"]):
        _environment().get_template(name)


@lru_cache(maxsize=1)
def read_style() -> str:
    """Return the style of all pages."""
    return (STATIC / STYLE).read_text("utf-8")


def style_policy(style: str) -> str:
    """Return the policy of a page that holds its style and loads nothing."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    functions = (plural, percentage, words.mark, words.word, words.branch, words.seconds, words.when)
    environment.filters |= {function.__name__: function for function in functions}
    environment.filters["short_test"] = words.short_test
    environment.globals |= {
        "version": batchhook.__version__,
        "width": charts.WIDTH,
        "words": words,
        "phrases": phrases,
        "describe_operation": operation_phrases.describe,
    }
    return environment


def _printable(value: object) -> object:
    """Replace control characters and bidirectional marks by spaces."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return sanitize_lines(escape_bytes(value).expandtabs(4))
    return value
