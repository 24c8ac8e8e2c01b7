"""Sanitizing of untrusted texts for display and storage."""

from __future__ import annotations


def one_line(text: str, limit: int = 0) -> str:
    """Return a text on one line, without control characters that a terminal would interpret.

    A text longer than ``limit`` characters is cut and ends in an ellipsis; 0 means no limit.
    """
    line = " ".join(_replace_unprintable(text).split())
    return line if not limit or len(line) <= limit else f"{line[: limit - 1]}…"


def sanitize_lines(text: str) -> str:
    """Return a text with its lines kept, without control characters that a terminal would interpret."""
    return "\n".join(_replace_unprintable(line) for line in text.splitlines())


def _replace_unprintable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def escape_surrogates(text: str) -> str:
    """Return a text that UTF-8 can encode: lone surrogates, which neither JSON nor SQLite accepts, are escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def escape_bytes(text: str) -> str:
    """Return a text, usually a path, with bytes that are not UTF-8 (surrogateescape) as hex escapes."""
    return "".join(f"\\x{ord(each) - 0xDC00:02x}" if "\udc80" <= each <= "\udcff" else each for each in text)
