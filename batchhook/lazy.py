"""Modules that are imported on first use, because most commands need neither libgit2 nor a validator."""

from __future__ import annotations

import importlib
from typing import Any


class LazyModule:
    """A module that is imported when one of its attributes is read first.

    For use beside an import that type checkers see::

        if TYPE_CHECKING:
            import pygit2
        else:
            pygit2 = LazyModule("pygit2")

    Args:
        name: the full name of the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of the module
        return getattr(importlib.import_module(self._name), name)
