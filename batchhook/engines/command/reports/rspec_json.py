"""The JSON of ``rspec --format json``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from batchhook.core.results import Outcome
from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.json_stream import (
    JsonEvent,
    JsonPiece,
    read_items,
    read_json,
    read_members,
    read_value,
)
from batchhook.engines.command.reports.texts import (
    class_of_type,
    clean_name,
    clean_text,
    paragraph,
    shorten,
    summarize,
    usable_seconds,
)

_OUTCOMES = {"passed": Outcome.PASSED, "failed": Outcome.FAILED, "pending": Outcome.SKIPPED}
_OUTSIDE = re.compile(r"\s*An error occurred (?:while loading (?P<file>\S{1,500}?)\.(?:\s|$)|in )")
"""How RSpec begins its message of an error outside of an example."""
_FIXED = "PendingExampleFixedError"
"""Class of the exception of a pending example that passes."""
_MAX_MESSAGES = 50
_MAX_DIGITS = 9


def read_rspec_json(file: BinaryIO) -> Iterator[ReportedCase]:
    """Read a JSON report of RSpec. A file that cannot be loaded is a case without a name.

    Args:
        file: open for reading in binary mode.

    Raises:
        ReportError: it is cut short, no JSON, or no report of RSpec.
    """
    pieces = read_json(file)
    next(pieces)
    has_examples = False
    messages: list[str] = []
    errors = 0.0
    for key, first in read_members(pieces):
        if key == "examples" and first.event is JsonEvent.START_ARRAY:
            has_examples = True
            yield from _read_examples(pieces)
        elif key == "messages" and first.event is JsonEvent.START_ARRAY:
            for item in read_items(pieces):
                message = read_value(pieces, item, 1)
                if isinstance(message, str) and _OUTSIDE.match(message) and len(messages) < _MAX_MESSAGES:
                    messages.append(message)
        elif key == "summary":
            summary = read_value(pieces, first)
            number = summary.get("errors_outside_of_examples_count") if isinstance(summary, dict) else 0
            errors = number if isinstance(number, float) else 0.0
        else:
            read_value(pieces, first, 0)
    if not has_examples:
        raise ReportError('this is no JSON report of RSpec: it has no "examples"')
    if errors > 0:
        yield from map(_describe_error, messages or [""])


def _read_examples(pieces: Iterator[JsonPiece]) -> Iterator[ReportedCase]:
    for item in read_items(pieces):
        example = read_value(pieces, item)
        if isinstance(example, dict):
            yield _read_example(example)


def _read_example(example: dict[str, object]) -> ReportedCase:
    file = clean_name(_string(example, "file_path")).removeprefix("./")
    outcome = _OUTCOMES.get(_string(example, "status"), Outcome.ERRORED)
    error_type = message = details = ""
    exception = example.get("exception")
    if outcome.is_failure and isinstance(exception, dict):
        error_type = class_of_type(_string(exception, "class"))
        outcome = Outcome.UNEXPECTED_SUCCESS if error_type == _FIXED else outcome
        text = clean_text(_string(exception, "message"))
        message = summarize(text)
        frames = exception.get("backtrace")
        lines = [str(frame) for frame in frames] if isinstance(frames, list) else []
        details = clean_text(shorten("\n".join([text, "", *lines])))
    elif outcome is Outcome.SKIPPED:
        message = paragraph(_string(example, "pending_message"))
        if message and isinstance(exception, dict):
            outcome = Outcome.EXPECTED_FAILURE
    line = example.get("line_number")
    return ReportedCase(
        file,
        clean_name(_string(example, "full_description") or _string(example, "id")),
        outcome,
        usable_seconds(example.get("run_time")),
        error_type,
        message,
        details,
        file,
        int(line) if isinstance(line, float) and 0 < line < 10**_MAX_DIGITS else 0,
    )


def _describe_error(message: str) -> ReportedCase:
    match = _OUTSIDE.match(message)
    file = clean_name((match and match["file"]) or "").removeprefix("./")
    details = clean_text(message)
    heading, _, rest = details.partition("\n\n")
    return ReportedCase(file, "", Outcome.ERRORED, message=summarize(rest) or heading, details=details, file=file)


def _string(table: dict[str, object], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""
