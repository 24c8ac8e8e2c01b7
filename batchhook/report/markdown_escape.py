"""Texts that somebody else wrote, made safe to stand in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from batchhook.core.sanitize import encodable, one_line


def escaped(text: str) -> str:
    """A text of others on one line, in which nothing is markup."""
    clean = encodable(one_line(text))
    return re.sub(r"([\\`*_{}\[\]<>()#+\-!|~&@$^])", r"\\\1", clean)


def html(text: str) -> str:
    """A text of others inside an element, in which nothing is markup, of HTML or Markdown."""
    return re.sub(r"[^\w ]", lambda match: f"&#{ord(match[0])};", one_line(text).encode("utf-8", "replace").decode())


def code(text: str, most: int = 0) -> str:
    """A text of others as a code span; of so many characters at most, if that is not 0."""
    clean = encodable(one_line(text, most))
    fence = "`" * (_longest(clean) + 1)
    pad = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{fence}{pad}{clean}{pad}{fence}" if clean else ""


def cell(text: str) -> str:
    """A text of others as a code span in a table."""
    return code(text).replace("|", "\\|")


def block(text: str) -> Iterable[str]:
    """A text of others of several lines as a code block."""
    clean = encodable(text)
    fence = "`" * max(3, _longest(clean) + 1)
    return (f"{fence}text", clean, fence)


def _longest(text: str) -> int:
    """Length of the longest run of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)
