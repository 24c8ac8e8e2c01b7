"""Exceptions in a line: type, message and location of what caused them, then what became of it."""

# The package has no name of its own inside the project (supervisor.py).

from __future__ import annotations

import builtins
import os

from .locations import ROOT, location_in, location_of
from .text import MESSAGE_LIMIT, attempt, bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

__unittest = True  # unittest omits frames of such modules from its tracebacks

# The project's exceptions may define such attributes themselves, or be false.
_CAUSE, _CONTEXT, _IS_SUPPRESSED = (
    vars(BaseException)[name].__get__ for name in ("__cause__", "__context__", "__suppress_context__")
)

MAX_CAUSES = 50
LOADER_MESSAGES = ("Failed to import test module: ", "Failed to call load_tests:", "Failed to access attribute:")
"""First words of unittest's messages that hold the traceback of the real error as text (``unittest/loader.py``)."""
CAUSE = "\n\nThe above exception was the direct cause of the following exception:\n\n"
CONTEXT = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
"""Between the tracebacks of a chain (``traceback.TracebackException.format``)."""


def summarize_exception(
    error: BaseException, frames: TracebackType | None, text: str, *, is_failure: bool
) -> tuple[str, str, str]:
    """Return error type, message and location of an exception.

    Of an error that has an explicit cause, the first cause is named before what was raised in the end: it explains the
    rest. A failed assertion is named first, as the test's author meant it.

    Args:
        error: the exception.
        frames: its traceback.
        text: of its traceback.
        is_failure: whether it is a failed assertion.
    """
    kind, message = type(error).__name__, _message(error)
    if message.startswith(LOADER_MESSAGES):
        return _summarize_loader_error(kind, attempt(str, error, otherwise=message))
    cause = _root_cause(error)
    location = location_of(frames) or location_in(text)
    if cause is None:
        context = _context(error)
        more = f" (while handling {_line(type(context).__name__, _message(context))})" if context is not None else ""
        return kind, message + more, location
    cause_kind, cause_message = type(cause).__name__, _message(cause)
    if is_failure:
        return kind, f"{message} (caused by {_line(cause_kind, cause_message)})", location
    location = location_of(cause.__traceback__) or location
    return cause_kind, f"{cause_message} (raised as {_line(kind, message)})", location


def _message(error: BaseException) -> str:
    text = bounded(attempt(str, error, otherwise="<str() of the exception failed>"), MESSAGE_LIMIT)
    return _without_root(text) if isinstance(error, ImportError) else text


def _without_root(message: str) -> str:
    """Return the message of an import error with paths relative to the checkout."""
    return message.replace(ROOT + os.sep, "")


def _line(kind: str, message: str) -> str:
    return f"{kind}: {message}" if message else kind


def _root_cause(error: BaseException) -> BaseException | None:
    """Return the first of the explicit causes of an exception, or of the first one in a group; None if it has none."""
    cause, chain = error, [error]
    while len(chain) <= MAX_CAUSES:
        following = _CAUSE(cause)
        if following is None:
            following = _first_member(cause)
        if following is None or any(following is each for each in chain):
            break
        cause = following
        chain.append(cause)
    return None if cause is error else cause


def _first_member(error: BaseException) -> BaseException | None:
    """Return the first exception of a group, such as that of an ``asyncio.TaskGroup``; None for other exceptions."""
    kind = getattr(builtins, "BaseExceptionGroup", None)  # Python 3.11
    return error.exceptions[0] if kind is not None and isinstance(error, kind) else None


def _context(error: BaseException) -> BaseException | None:
    """Return the exception that was being handled when another one was raised, unless it was suppressed."""
    return None if _IS_SUPPRESSED(error) else _CONTEXT(error)


def _summarize_loader_error(kind: str, message: str) -> tuple[str, str, str]:
    """Return error type, message and location from the traceback in unittest's message about a module."""
    segments = message.partition("\n")[2].split(CAUSE)
    raised = _parse_error(segments[-1].rpartition(CONTEXT)[2])
    while len(segments) > 1 and CONTEXT not in segments[-1]:
        segments.pop()
    traceback = segments[-1].rpartition(CONTEXT)[2]
    cause = _parse_error(traceback)
    location = location_in(traceback) or location_in(message)
    if not raised[0] or not cause[0]:
        return kind, _without_root(message), location
    more = "" if cause == raised else f" (raised as {_line(*raised)})"
    return cause[0], cause[1] + more, location


def _parse_error(traceback: str) -> tuple[str, str]:
    """Return error type and message from the text of a traceback; an empty type if there are none."""
    name, _, message = _last_lines(traceback).partition(":")
    if not all(part.isidentifier() for part in name.strip().replace(".<locals>", "").split(".")):
        return "", ""
    return name.strip().rpartition(".")[2], _without_root(message.strip())


def _last_lines(traceback: str) -> str:
    """Return what follows the frames of a traceback: type and message of the exception."""
    lines = traceback.splitlines()
    start = next((number for number, line in enumerate(lines) if number and line and not line[0].isspace()), len(lines))
    return "\n".join(lines[start:])
