"""Untrusted text in Markdown and HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable

from batchhook.core.sanitize import escape_surrogates, one_line


def escape(text: str) -> str:
    """Return a text on one line, with all Markdown markup escaped."""
    clean = escape_surrogates(one_line(text))
    return re.sub(r"([\\`*_{}\[\]<>()#+\-!|~&@$^])", r"\\\1", clean)


def escape_html(text: str) -> str:
    """Return a text on one line for an HTML element, with the markup of HTML and Markdown as character references."""
    return re.sub(r"[^\w ]", lambda match: f"&#{ord(match[0])};", one_line(text).encode("utf-8", "replace").decode())


def code_span(text: str, limit: int = 0) -> str:
    """Return a text on one line as a code span; empty for an empty text.

    Args:
        text: any text.
        limit: characters to keep; 0 for all.
    """
    clean = escape_surrogates(one_line(text, limit))
    fence = "`" * (_longest_run(clean) + 1)
    pad = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{fence}{pad}{clean}{pad}{fence}" if clean else ""


def code_cell(text: str) -> str:
    """Return a text as a code span in a table."""
    return code_span(text).replace("|", "\\|")


def code_block(text: str) -> Iterable[str]:
    """Return the lines of a code block."""
    clean = escape_surrogates(text)
    fence = "`" * max(3, _longest_run(clean) + 1)
    return (f"{fence}text", clean, fence)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
