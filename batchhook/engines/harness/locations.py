"""Locations in the checkout: where first-party modules were loaded from, and the lines that failed."""

# pathlib is not among the modules that unittest imports.
# ruff: noqa: PTH100, PTH109, PTH120

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

ROOT = os.getcwd()
_LOADED_AT_START = frozenset(sys.modules)


class Origins:
    """The files that the project's own modules were loaded from."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = [name for name in names if name not in _LOADED_AT_START]
        self._reported: dict[str, str] = {}
        self._library = os.path.dirname(os.__file__) + os.sep

    def changes(self) -> list[tuple[str, str]]:
        """Return name and file of the first-party modules that were loaded, or reloaded, since the last call."""
        loaded = {name: file for name in self._names for file in self._file(name)}
        changes = [(name, file) for name, file in loaded.items() if self._reported.get(name) != file]
        self._reported.update(loaded)
        return changes

    def _file(self, name: str) -> list[str]:
        file = getattr(sys.modules.get(name), "__file__", None)
        if not isinstance(file, str):
            return []
        path = os.path.abspath(file)
        is_library = path.startswith(self._library) and "-packages" not in path[len(self._library) :]
        return [] if is_library or not is_in_namespaces(name) else [path]


def is_in_namespaces(name: str) -> bool:
    """Return whether all packages around a module are namespaces, which any folder on the import path may extend.

    A package with a file of its own belongs to somewhere else, together with its modules: a folder ``docker`` full of
    scripts is not the library ``docker``, although both have a ``utils.py``.
    """
    package = name.rpartition(".")[0]
    while package:
        if getattr(sys.modules.get(package), "__file__", None) is not None:
            return False
        package = package.rpartition(".")[0]
    return True


def location_of(frames: TracebackType | None) -> str:
    """Return ``path:line`` of the innermost frame in a file of the checkout, or an empty string."""
    location = ""
    while frames is not None:
        location = in_checkout(frames.tb_frame.f_code.co_filename, frames.tb_lineno) or location
        frames = frames.tb_next
    return location


def location_in(text: str) -> str:
    """Return the same from the text of a traceback: an import error holds its cause as text only."""
    location = ""
    for line in text.splitlines():
        before, _, rest = line.partition('File "')
        path, quote, tail = rest.partition('", line ')
        number = tail.split(",")[0].strip()
        if not before.strip() and quote and number.isdigit():
            location = in_checkout(path, int(number)) or location
    return location


def in_checkout(path: str, line: int) -> str:
    """Return ``path:line`` relative to the checkout; empty for other files and environments inside the checkout."""
    inside = ROOT + os.sep
    if not path.startswith(inside) or "-packages" + os.sep in path:
        return ""
    return f"{path[len(inside) :]}:{line}"
