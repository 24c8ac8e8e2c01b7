"""The workers of a run, and the folder for temporary files that they share."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from batchhook.errors import SuiteError

_VARIABLES = ("PYTEST_DEBUG_TEMPROOT", "TMPDIR", "TEMP", "TMP")
"""Variables that name the folder for temporary files; the first is pytest's own, the others are Python's."""


class WorkerGroup:
    """The workers of a run.

    Args:
        environment: of the tests.

    Attributes:
        run: an id of the run, which is random.
        size: number of workers that run tests in parallel; those that replace one after a crash do not count.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.run = secrets.token_hex(16)
        self.size = 1
        self._environment = environment
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """A folder for temporary files of tests, which ``remove_folder`` removes.

        It lies where the tests' own temporary files do. The scratch folder of a run is no place for them: it is inside
        of a git dir, its path begins with a dot, and it may be too long for the name of a socket.

        Raises:
            SuiteError: it cannot be created.
        """
        if self._folder is None:
            paths = (self._environment.get(name, "") for name in _VARIABLES)
            parent = next(filter(_is_usable, paths), None)
            try:
                self._folder = Path(tempfile.mkdtemp(prefix="batchhook-", dir=parent)).resolve()
            except OSError as error:
                raise SuiteError(
                    f"No folder for the tests' temporary files can be created: {error.strerror}",
                    f"Free some space in {parent or tempfile.gettempdir()}, or set TMPDIR to another folder.",
                ) from error
        return self._folder

    def remove_folder(self) -> None:
        """Remove the folder and all that tests have left in it, if it was created."""
        if self._folder is None:
            return
        for path, folders, _ in os.walk(self._folder):
            for folder in (Path(path, name) for name in folders):
                with suppress(OSError):  # tests take permissions away, and change folders until they are killed
                    if not folder.is_symlink():
                        folder.chmod(stat.S_IRWXU)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None


def _is_usable(path: str) -> bool:
    return Path(path).is_absolute() and os.access(path, os.W_OK | os.X_OK)
