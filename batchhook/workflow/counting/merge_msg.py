"""The prepared commit message of a rollback that was left staged. On the hook's path.

``MERGE_MSG`` is Git's: the next ``git commit`` without a message starts from it. ``BATCHHOOK_MSG`` beside it holds the
same text, followed by a NUL and the text before it, in case we are killed between writing the two. It tells which
message is ours, and makes the hook leave the next commits to Python (``hooks/post-commit``).
"""

from __future__ import annotations

from pathlib import Path

from batchhook.git.location import Location
from batchhook.store.files import replace_file

_MARKER, _MESSAGE = "BATCHHOOK_MSG", "MERGE_MSG"


def read(location: Location) -> str | None:
    """Return the prepared message; None if there is none, or all that it was for is committed or discarded."""
    try:
        return (location.git_dir / _MARKER).read_text("utf-8", "replace").partition("\0")[0]
    except FileNotFoundError:
        return None


def is_prepared(location: Location) -> bool:
    """Return whether the next ``git commit`` starts from our message."""
    return _read_own(location) is not None


def _read_own(location: Location) -> bytes | None:
    """Return the message that Git would take, if it is ours."""
    try:
        message = (location.git_dir / _MESSAGE).read_bytes()
        return message if message in (location.git_dir / _MARKER).read_bytes().split(b"\0") else None
    except FileNotFoundError:
        return None


def prepare(location: Location, message: str) -> None:
    """Prepare a message, unless a message of another origin is there."""
    text, own = message.encode("utf-8", "backslashreplace"), _read_own(location)
    _write(location.git_dir / _MARKER, text if own is None else text + b"\0" + own)
    if own is not None or not (location.git_dir / _MESSAGE).exists():
        _write(location.git_dir / _MESSAGE, text)


def clear(location: Location) -> None:
    """Remove the prepared message, if it is still ours."""
    if is_prepared(location):
        (location.git_dir / _MESSAGE).unlink(missing_ok=True)
    (location.git_dir / _MARKER).unlink(missing_ok=True)


def _write(path: Path, text: bytes) -> None:
    replace_file(path, text, mode=0o666, durable=False)
