"""What every part of ``Workflow`` works on: a repository, opened for a call or kept open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from batchhook.execution.spec import Silent
from batchhook.workflow.context.project import Project, opened


class Quiet(Silent):
    """Listens to a run, and to what goes before it, without a word."""

    def stage(self, name: str) -> None:
        """Say nothing."""


class Opening:
    """A repository, by a folder in it and settings of the caller's."""

    def __init__(self, folder: str | os.PathLike[str] = ".", **settings: object) -> None:
        self._folder = Path(folder)
        self._settings = settings
        self._stack = ExitStack()
        self._project: Project | None = None

    @contextmanager
    def _opened(self, **settings: object) -> Iterator[Project]:
        """The repository: the one that is kept open, unless other settings are asked for."""
        asked = {name: value for name, value in settings.items() if value is not None}
        if self._project is not None and not asked:
            yield self._project
            return
        with opened(self._folder, flags={**self._settings, **asked}) as project:
            yield project
