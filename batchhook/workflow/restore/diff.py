"""A plan as a patch, for people: files are read, and git is not asked."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from batchhook.workflow.restore.plan import Plan, Replacement

_LARGEST = 256 * 1024
"""Bytes; of larger files it is only said that they differ."""


def diff_of(plan: Plan, top: Path) -> str:
    """What becomes of the texts among a plan's files, in the form that git has for it."""
    return "\n".join(line for one in plan.replaced for line in _lines(one, top))


def _lines(one: Replacement, top: Path) -> Iterator[str]:
    yield f"diff --git a/{one.path} b/{one.path}"
    if one.now.mode != one.then.mode:
        yield f"old mode {one.now.mode or '000000'}"
        yield f"new mode {one.then.mode or '000000'}"
    old, new = _text(one.now.mode, one.now.size, top / one.path), _text(one.then.mode, one.then.size, one.content)
    if old is None or new is None:
        yield "Binary or large files differ"
        return
    names = (f"a/{one.path}" if one.now.mode else "/dev/null", f"b/{one.path}" if one.then.mode else "/dev/null")
    yield from difflib.unified_diff(old, new, *names, lineterm="")


def _text(mode: str, size: int, place: Path) -> list[str] | None:
    """A file's lines; None for one that has none to show."""
    if not mode:
        return []
    if size > _LARGEST:
        return None
    data = str(place.readlink()).encode("utf-8", "surrogateescape") if place.is_symlink() else place.read_bytes()
    if b"\0" in data:
        return None
    *lines, last = data.decode("utf-8", "replace").split("\n")
    return [*lines, last, "\\ No newline at end of file"] if last else lines
