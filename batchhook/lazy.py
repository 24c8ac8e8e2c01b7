"""Loading what costs much when it is first used, and not before: most commands need neither libgit2 nor a validator."""

from __future__ import annotations

import importlib
from typing import Any


class Late:
    """A module that is imported as soon as something of it is asked for.

    Used beside a real import for type checkers::

        if TYPE_CHECKING:
            import pygit2
        else:
            pygit2 = Late("pygit2")

    Args:
        name: the module's, with its packages.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        return getattr(importlib.import_module(self._name), name)
