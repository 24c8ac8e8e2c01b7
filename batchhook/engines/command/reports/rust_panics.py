"""The message of a Rust panic, and where it is from."""

from __future__ import annotations

import re

from batchhook.engines.command.reports.texts import clean_name, summarize

_PANIC = re.compile(r"thread '.{1,300}?'(?: \(\d+\))? panicked at (?P<rest>.*)$", re.MULTILINE)
_OLD_PANIC = re.compile(r"', (?P<file>[^\s:]{1,500}):(?P<line>\d{1,9}):\d{1,9}$", re.MULTILINE)
_NEW_PANIC = re.compile(r"(?P<file>[^\s:]+):(?P<line>\d{1,9}):\d{1,9}:$")
_AFTER_PANIC = re.compile(r"^(?:note: (?:run with|Some details)|stack backtrace:)", re.MULTILINE)
_MAX_OLD_PANIC = 4_000


def find_panic(details: str) -> tuple[str, str, int]:
    """Return message, file and line of a panic, in the words of Rust before and since 1.73."""
    panic = _PANIC.search(details)
    if panic is None:
        return summarize(details), "", 0
    rest = details[panic.start("rest") :]
    first, _, following = rest.partition("\n")
    place = _NEW_PANIC.fullmatch(first)
    if place:
        text = following
    else:
        # The message may have several lines; the place follows it.
        place = _OLD_PANIC.search(rest[:_MAX_OLD_PANIC])
        text = rest[1 : place.start()] if place else rest
    text = _AFTER_PANIC.split(text, maxsplit=1)[0]
    return summarize(text), clean_name(place["file"]) if place else "", int(place["line"]) if place else 0
