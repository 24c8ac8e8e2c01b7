"""The files beside git's own that say: what is staged, or a part of it, is batchhook's doing. On the hook's way.

``MERGE_MSG`` is git's: the next ``git commit`` without a message of its own begins with it. ``BATCHHOOK_MSG`` beside it
holds the same, and behind a NUL what it was before, should we be killed between writing the one and the other. It
tells which message is ours, and has the hook ask Python about the next commits (known to the hooks).
"""

from __future__ import annotations

from pathlib import Path

from batchhook.git.location import Location

_MARKER, _MESSAGE = "BATCHHOOK_MSG", "MERGE_MSG"


def read(location: Location) -> str | None:
    """The message that was prepared; None where none was, or what it was for is all committed or gone."""
    try:
        return (location.git_dir / _MARKER).read_text("utf-8", "replace").partition("\0")[0]
    except FileNotFoundError:
        return None


def is_prepared(location: Location) -> bool:
    """Whether the next ``git commit`` begins with a message of ours."""
    return _ours(location) is not None


def _ours(location: Location) -> bytes | None:
    """The message that git would take, if it is ours."""
    try:
        message = (location.git_dir / _MESSAGE).read_bytes()
        return message if message in (location.git_dir / _MARKER).read_bytes().split(b"\0") else None
    except FileNotFoundError:
        return None


def prepare(location: Location, said: str) -> None:
    """Prepare a message, unless another one than ours is there."""
    text, ours = said.encode("utf-8", "backslashreplace"), _ours(location)
    _write(location.git_dir / _MARKER, text if ours is None else text + b"\0" + ours)
    if ours is not None or not (location.git_dir / _MESSAGE).exists():
        _write(location.git_dir / _MESSAGE, text)


def clear(location: Location) -> None:
    """Take the message away, where it is still ours."""
    if is_prepared(location):
        (location.git_dir / _MESSAGE).unlink(missing_ok=True)
    (location.git_dir / _MARKER).unlink(missing_ok=True)


def _write(path: Path, text: bytes) -> None:
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_bytes(text)
    temporary.replace(path)
