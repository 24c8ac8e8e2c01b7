"""Diagnostics after a test point of TAP: a block of YAML, comments."""

from __future__ import annotations

import re

from batchhook.engines.command.reports.texts import (
    TextBuffer,
    class_of_type,
    clean_name,
    clean_text,
    parse_line,
    parse_seconds,
    split_error,
    summarize,
)

_KEY = re.compile(r"(?P<key>[A-Za-z]\w{0,40}):(?:\s+(?P<value>.*))?$")
_KEYS = frozenset(
    {
        "at",
        "code",
        "duration_ms",
        "error",
        "exitCode",
        "failureType",
        "file",
        "line",
        "location",
        "message",
        "name",
        "type",
    }
)
_BLOCK = re.compile(r"[|>][-+\d]{0,2}")
_PLACES = (
    re.compile(r"\(in test file (?P<file>[^,\n]{1,500}), line (?P<line>\d{1,9})\)"),  # bats
    re.compile(r"^[ \t]*at (?P<file>\S{1,500}) line (?P<line>\d{1,9})\.", re.MULTILINE),  # Test::More
)
_LOCATION = re.compile(r"(?P<file>.+?):(?P<line>\d{1,9})(?::\d{1,9})?")
_SAID_BY_NAME = re.compile(r"\s*(?:Failed (?:\(TODO\) )?test\b.*|at \S+ line \d+\.|'.*'|\(in test file .*\))")
_SUMMARY = "Looks like you "
"""How Test::More begins the comments at the end of a file."""


class Diagnostics:
    """The diagnostics of one test point: the values of its YAML block, and its comments. All are bounded."""

    __slots__ = ("_block", "_comments", "_values", "_yaml", "_yaml_indentation")

    def __init__(self) -> None:
        self._comments = TextBuffer()
        self._yaml = TextBuffer()
        self._values: dict[str, str | TextBuffer] = {}
        self._yaml_indentation: int | None = None
        self._block: TextBuffer | None = None

    @property
    def is_open(self) -> bool:
        """Return whether a YAML block has begun, but not ended."""
        return self._yaml_indentation is not None

    def add_comment(self, text: str) -> None:
        """Take a comment, without its ``#``."""
        if not text.startswith(_SUMMARY):
            self._comments.add(text + "\n")

    def takes_yaml(self, content: str, indentation: int, point_indentation: int) -> bool:
        """Take a line if it belongs to the YAML block; return whether it does.

        Args:
            content: of the line.
            indentation: spaces before it.
            point_indentation: spaces before the test point.
        """
        if self._yaml_indentation is None:
            if content != "---" or indentation <= point_indentation or self._yaml:
                return False
            self._yaml_indentation = indentation
            return True
        if indentation < self._yaml_indentation:
            self._yaml_indentation = self._block = None
            return False
        if content == "..." and indentation == self._yaml_indentation:
            self._yaml_indentation = self._block = None
            return True
        relative = indentation - self._yaml_indentation
        self._yaml.add(" " * relative + content + "\n")
        self._take_value(content, relative)
        return True

    def value(self, key: str) -> str:
        """Return a value at the top of the YAML block; empty if there is none."""
        value = self._values.get(key, "")
        return value if isinstance(value, str) else clean_text(value.text())

    def is_node_file(self, name: str) -> bool:
        """Return whether a test point is that of a whole file, which node names by its path if it cannot be loaded."""
        match = _LOCATION.fullmatch(self.value("location"))
        return bool(match and self.value("exitCode") and clean_name(match["file"]) == name)

    def describe(self) -> tuple[str, str, str]:
        """Return error type, message and details."""
        comments = clean_text(self._comments.text())
        details = "\n".join(text for text in (comments, clean_text(self._yaml.text())) if text)
        text = self.value("error") or self.value("message")
        if text:
            error_type, message = split_error(text)
            return class_of_type(self.value("name")) or error_type, summarize(message or text), details
        lines = [line for line in comments.split("\n") if line.strip() and not _SAID_BY_NAME.fullmatch(line)]
        return "", summarize("\n".join(lines).strip() or comments), details

    def place(self) -> tuple[str, int]:
        """Return file and line of the test, or of its failure."""
        match = _LOCATION.fullmatch(self.value("location") or self.value("at"))
        if match is None and self._comments:
            comments = self._comments.text()
            match = next((match for place in _PLACES if (match := place.search(comments))), None)
        if match is not None:
            return clean_name(match["file"].removeprefix("file://")), parse_line(match["line"])
        file = self.value("file")
        return clean_name(file), parse_line(self.value("line")) if file else 0

    def seconds(self) -> float:
        """Return the duration."""
        return parse_seconds(self.value("duration_ms")) / 1_000

    def _take_value(self, content: str, indentation: int) -> None:
        if self._block is not None and indentation > 0:
            self._block.add(content + "\n")
            return
        self._block = None
        match = _KEY.match(content) if indentation == 0 else None
        if match is None or match["key"] not in _KEYS:
            return
        value = match["value"] or ""
        if _BLOCK.fullmatch(value):
            self._block = self._values[match["key"]] = TextBuffer()
        else:
            self._values[match["key"]] = _unquote(value)


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        value = value[1:-1].replace("''", "'")
    elif len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
    return clean_text(value)
