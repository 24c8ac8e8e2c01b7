"""Where things are: the project's modules, and the lines that failed."""

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
    """Where the project's own modules were loaded from."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = [name for name in names if name not in _LOADED_AT_START]
        self._told: dict[str, str] = {}
        self._library = os.path.dirname(os.__file__) + os.sep

    def news(self) -> list[tuple[str, str]]:
        """Name and file of every first-party module that was loaded, or loaded anew, since the last time."""
        found = {name: file for name in self._names for file in self._file(name)}
        news = [(name, file) for name, file in found.items() if self._told.get(name) != file]
        self._told.update(found)
        return news

    def _file(self, name: str) -> list[str]:
        file = getattr(sys.modules.get(name), "__file__", None)
        if not isinstance(file, str):
            return []
        path = os.path.abspath(file)
        from_library = path.startswith(self._library) and "-packages" not in path[len(self._library) :]
        return [] if from_library or not in_namespaces(name) else [path]


def in_namespaces(name: str) -> bool:
    """Whether all packages around a module are namespaces, to which every folder on the import path may add.

    One with a file of its own is another's, and so is what it holds: a folder ``docker`` full of scripts is none of the
    library ``docker``, though both have a ``utils.py``.
    """
    package = name.rpartition(".")[0]
    while package:
        if getattr(sys.modules.get(package), "__file__", None) is not None:
            return False
        package = package.rpartition(".")[0]
    return True


def module_in(fixture: str) -> str:
    """The module named in ``setUpClass (pkg.module.Class)`` or ``setUpModule (pkg.module)``; empty in other ids."""
    word, _, rest = fixture.partition(" (")
    if word not in {"setUpClass", "tearDownClass", "setUpModule", "tearDownModule"}:
        return ""
    name = rest.rstrip(")")
    while name and name not in sys.modules:
        name = name.rpartition(".")[0]
    return name or rest.rstrip(")")


def location_of(frames: TracebackType | None) -> str:
    """``path:line`` of the innermost frame in a file of the checkout."""
    location = ""
    while frames is not None:
        location = in_checkout(frames.tb_frame.f_code.co_filename, frames.tb_lineno) or location
        frames = frames.tb_next
    return location


def location_in(text: str) -> str:
    """The same, read from a traceback's text: an import error holds its cause as text only."""
    location = ""
    for line in text.splitlines():
        before, _, rest = line.partition('File "')
        path, quote, tail = rest.partition('", line ')
        number = tail.split(",")[0].strip()
        if not before.strip() and quote and number.isdigit():
            location = in_checkout(path, int(number)) or location
    return location


def in_checkout(path: str, line: int) -> str:
    """``path:line`` relative to the checkout; empty for a file elsewhere, or in an environment inside the checkout."""
    inside = ROOT + os.sep
    if not path.startswith(inside) or "-packages" + os.sep in path:
        return ""
    return f"{path[len(inside) :]}:{line}"
