"""Bounded texts and JSON, for values that may be huge, hold anything, or raise when converted."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TRACEBACK_LIMIT = 16 * 1024
MESSAGE_LIMIT = 2 * 1024
ID_LIMIT = 1024

_ESCAPES = {number: f"\\u{number:04x}" for number in (*range(32), 34, 92, 127, 0x2028, 0x2029)}


def encode(value: object) -> str:
    """Write strings, numbers, lists and dictionaries as JSON.

    The ``json`` module is not used: a project may have a module of that name, or a test may patch the real one.
    """
    if isinstance(value, str):
        if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
            return f'"{value}"'
        # Lone surrogates, which UTF-8 cannot hold, are written as escapes.
        clean = str.encode(value, "utf-8", "backslashreplace").decode()
        return '"' + clean.translate(_ESCAPES) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ",".join([encode(key) + ":" + encode(entry) for key, entry in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([encode(entry) for entry in value]) + "]"
    return repr(value)


def bounded(text: str, limit: int) -> str:
    """Shorten a long text in the middle, with a note of how much was omitted."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters omitted ...]\n{text[-half:]}"


def bounded_id(text: str) -> str:
    """Shorten a long id in the middle, where a number keeps it apart from others.

    The number depends on the id alone, so that it is the same in each process and run.
    """
    if len(text) <= ID_LIMIT:
        return text
    number = f"...{_number_of(text):016x}..."
    half = (ID_LIMIT - len(number)) // 2
    return text[:half] + number + text[-half:]


def _number_of(text: str) -> int:
    """Return a number of 64 bits for a text (FNV-1a); ``hashlib`` may be the project's, and ``hash`` is random."""
    number = 0xCBF29CE484222325
    for byte in str.encode(text, "utf-8", "surrogatepass"):
        number = (number ^ byte) * 0x100000001B3 % 2**64
    return number


def attempt(function: Any, *arguments: object, otherwise: str) -> str:  # noqa: ANN401 - any function of the project
    """Call a function of the project; return ``otherwise`` if it raises or returns something other than a string."""
    try:
        text = function(*arguments)
    except Exception:  # noqa: BLE001 - a test's own __str__ or id may raise anything
        return otherwise
    return text if isinstance(text, str) else otherwise
