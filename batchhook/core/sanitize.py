"""Texts that somebody else wrote, made safe to show on a terminal."""

from __future__ import annotations


def one_line(text: str, most: int = 0) -> str:
    """A text on one line, without what a terminal would obey.

    Args:
        text: a subject, a path, a test's message.
        most: characters to keep; 0 for all.
    """
    line = " ".join(_visible(text).split())
    return line if not most or len(line) <= most else f"{line[: most - 1]}…"


def lines(text: str) -> str:
    """A text of several lines, without what a terminal would obey."""
    return "\n".join(_visible(line) for line in text.splitlines())


def _visible(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def encodable(text: str) -> str:
    """A text that UTF-8 can hold: lone surrogates, which neither JSON nor a database takes, stand escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def bytes_shown(text: str) -> str:
    """A text with the bytes in it that were not UTF-8 (surrogateescape) as escapes: a path, mostly."""
    return "".join(f"\\x{ord(each) - 0xDC00:02x}" if "\udc80" <= each <= "\udcff" else each for each in text)
