"""The JSON of ``jest --json``, which ``vitest --reporter=json`` writes too.

It has the name of a file after the tests of the file. So it is read twice.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
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
from batchhook.engines.command.reports.stream import reread
from batchhook.engines.command.reports.texts import (
    TextBuffer,
    clean_name,
    clean_text,
    join_names,
    split_error,
    summarize,
    usable_seconds,
)

_OUTCOMES = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "pending": Outcome.SKIPPED,
    "skipped": Outcome.SKIPPED,
    "todo": Outcome.SKIPPED,
    "disabled": Outcome.SKIPPED,
}
_INTERNAL_FRAMES = re.compile(
    r"^[ \t]+at (?:[^\n]*(?:node_modules/@?(?:jest|vitest|tinypool)\b|node:internal/)|new Promise \(<anonymous>\))"
    r"[^\n]*(?:\n|\Z)",
    re.MULTILINE,
)
"""Lines of a stack that are inside of the tool; what it prints itself leaves them out as well."""
_MILLISECOND = 1e-3
_MAX_DIGITS = 9


def read_jest_json(file: BinaryIO, *, root: Path) -> Iterator[ReportedCase]:
    """Read a JSON report of jest or vitest. A file that could not run is a case without a name.

    Args:
        file: open for reading in binary mode.
        root: of the project; class names are paths relative to it.

    Raises:
        ReportError: it is cut short, no JSON, or no report of jest.
    """
    with reread(file) as (copy, start):
        names: list[str] = []
        damage: ReportError | None = None
        try:
            for pieces, first in _read_files(copy):
                names.append("")
                if first.event is JsonEvent.START_OBJECT:
                    for key, value in read_members(pieces):
                        text = read_value(pieces, value, 1 if key == "name" else 0)
                        if key == "name" and isinstance(text, str):
                            names[-1] = _relative(text, root)
                else:
                    read_value(pieces, first, 0)
        except ReportError as error:
            damage = error
        copy.seek(start)
        for number, (pieces, first) in enumerate(_read_files(copy)):
            if damage is not None and (number >= len(names) or not names[number]):
                raise damage
            yield from _read_file(pieces, first, names[number])


def _read_files(file: BinaryIO) -> Iterator[tuple[Iterator[JsonPiece], JsonPiece]]:
    """Yield, for each file of tests, the document's pieces and the first piece of what it says of the file."""
    pieces = read_json(file)
    next(pieces)
    has_results = False
    for key, first in read_members(pieces):
        if key == "testResults" and first.event is JsonEvent.START_ARRAY:
            has_results = True
            for item in read_items(pieces):
                yield pieces, item
        else:
            read_value(pieces, first, 0)
    if not has_results:
        raise ReportError('this is no JSON report of jest or vitest: it has no "testResults"')


@dataclass(slots=True)
class _File:
    status: object = ""
    message: object = ""
    has_failure: bool = False


def _read_file(pieces: Iterator[JsonPiece], first: JsonPiece, name: str) -> Iterator[ReportedCase]:
    if first.event is not JsonEvent.START_OBJECT:
        read_value(pieces, first, 0)
        return
    state = _File()
    for key, value in read_members(pieces):
        if key == "assertionResults" and value.event is JsonEvent.START_ARRAY:
            for item in read_items(pieces):
                test = read_value(pieces, item)
                if isinstance(test, dict):
                    case = _read_test(test, name)
                    state.has_failure |= case.outcome.is_failure
                    yield case
        elif key in {"status", "message"}:
            setattr(state, key, read_value(pieces, value))
        else:
            read_value(pieces, value, 0)
    if state.status == "failed" and not state.has_failure:
        # jest heads it with "● Test suite failed to run", and indents it.
        lines = clean_text(str(state.message)).split("\n")
        details = textwrap.dedent("\n".join(line for line in lines if not line.lstrip().startswith("●"))).strip("\n")
        error_type, message = split_error(summarize(details))
        yield ReportedCase(name, "", Outcome.ERRORED, 0.0, error_type, message, details, name)


def _read_test(test: dict[str, object], file: str) -> ReportedCase:
    titles = test.get("ancestorTitles")
    names = [*(titles if isinstance(titles, list) else []), test.get("title")]
    outcome = _OUTCOMES.get(str(test.get("status")), Outcome.ERRORED)
    error_type = message = details = ""
    if outcome.is_failure:
        details = _INTERNAL_FRAMES.sub("", _join(test.get("failureMessages"))).rstrip("\n")
        summary = summarize(details)
        error_type, rest = split_error(summary)
        message = rest or summary
    retries = test.get("retryReasons")
    invocations = test.get("invocations")
    was_retried = bool(retries) or (isinstance(invocations, float) and invocations > 1)
    location = test.get("location")
    line = location.get("line") if isinstance(location, dict) else None
    return ReportedCase(
        file,
        join_names(str(name) for name in names if name),
        outcome,
        usable_seconds(test.get("duration"), _MILLISECOND),
        error_type,
        message,
        details,
        file,
        int(line) if isinstance(line, float) and 0 < line < 10**_MAX_DIGITS else 0,
        was_flaky=was_retried and outcome is Outcome.PASSED,
    )


def _join(texts: object) -> str:
    buffer = TextBuffer()
    for text in texts if isinstance(texts, list) else []:
        buffer.add("\n\n" if buffer else "")
        buffer.add(clean_text(str(text)))
    return buffer.text()


def _relative(path: str, root: Path) -> str:
    """Return a path relative to the root, with slashes; as it is if it is outside."""
    path = path.replace("\\", "/")
    for place in (root, root.resolve()):
        prefix = place.as_posix().rstrip("/") + "/"
        if path.startswith(prefix):
            return clean_name(path[len(prefix) :])
    return clean_name(path.removeprefix("./"))
