"""Results of setup commands, kept from run to run and shared by the private work trees of a repository.

``npm ci`` takes longer than most tests, and gives the same for the same lock file. What a command has created is kept
under a digest of the command and of the files that decide its result. A work tree gets hard links to the files, in
folders of its own: tools find the project's code by paths relative to these folders (Composer's autoloader, the
workspaces of npm), which links to the folders would lead elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.suite_setup import Setup
from batchhook.errors import SuiteError
from batchhook.git.removal import remove_path
from batchhook.store.files import replace_file
from batchhook.store.worktree_places import SETUP_FOLDER

_MAX_KEPT = 4
"""Results that are kept; of more, the least recently used go."""
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class SetupCache:
    """The results of setup commands.

    Attributes:
        root: the folder that holds them; it may not exist.
        slot: the number of the private work tree that they are for.
    """

    root: Path
    slot: str

    @classmethod
    def beside(cls, checkout: Path) -> SetupCache:
        """Return the cache for a private work tree, whose lock the caller holds."""
        return cls(checkout.parent.parent / SETUP_FOLDER, checkout.parent.name)

    @property
    def lasting_folders(self) -> tuple[str, ...]:
        """The folders that stay in the work tree while other commits are checked out, relative to it."""
        return tuple(self._placed())

    def provide(self, setup: Setup, checkout: Path, run: Callable[[], None]) -> None:
        """Provide the outputs of a setup command in a checkout; run it only if nothing was kept for its inputs.

        Args:
            setup: the command.
            checkout: the private work tree.
            run: runs the command there.

        Raises:
            SuiteError: the command failed, or its outputs cannot be kept.
        """
        key = _digest(setup, checkout)
        outputs = [str(Path(setup.folder, name)) for name in setup.outputs]
        placed = self._placed()
        if all(placed.get(name) == key and (checkout / name).is_dir() for name in outputs) and self._has(key):
            return
        try:
            self._forget(outputs, checkout)
            if any(os.path.lexists(checkout / name) for name in outputs):
                run()  # they are committed
                return
            with self._lock(key):
                result = self.root / key
                if result.is_dir():
                    os.utime(result)
                    for number, name in enumerate(outputs):
                        _link_tree(result / str(number), checkout / name)
                else:
                    run()
                    self._keep(key, [checkout / name for name in outputs])
            self._place(dict.fromkeys(outputs, key))
        except OSError as error:
            raise SuiteError(f"the results of setup cannot be kept: {error}", "remove `setup_outputs`") from error

    def _has(self, key: str) -> bool:
        return (self.root / key).is_dir()

    def _keep(self, key: str, outputs: list[Path]) -> None:
        """Keep the outputs; those of a killed call are never taken for complete."""
        partial = self.root / f"{key}{_PARTIAL}"
        remove_path(partial)
        partial.mkdir(parents=True)
        for number, output in enumerate(outputs):
            if output.is_dir():
                _link_tree(output, partial / str(number))
        partial.rename(self.root / key)
        results = [path for path in self.root.iterdir() if path.is_dir() and not path.name.endswith(_PARTIAL)]
        for path in sorted(results, key=lambda path: path.stat().st_mtime, reverse=True)[_MAX_KEPT:]:
            remove_path(path)

    def _placed(self) -> dict[str, str]:
        """Return the folders in this slot's work tree, each with the key of what is in it."""
        with suppress(OSError, ValueError):
            table = json.loads(self._record.read_text("utf-8"))
            if isinstance(table, dict):
                return {str(name): str(key) for name, key in table.items()}
        return {}

    def _place(self, folders: dict[str, str]) -> None:
        replace_file(self._record, json.dumps({**self._placed(), **folders}), durable=False)

    def _forget(self, folders: list[str], checkout: Path) -> None:
        """Remove folders that hold something else; first from the record, so that a kill leaves nothing half."""
        placed = self._placed()
        former = [name for name in folders if name in placed]
        if former:
            remaining = {name: key for name, key in placed.items() if name not in former}
            replace_file(self._record, json.dumps(remaining), durable=False)
        for name in former:
            remove_path(checkout / name)

    @property
    def _record(self) -> Path:
        return self.root / f"{self.slot}.json"

    @contextmanager
    def _lock(self, key: str) -> Iterator[None]:
        """Let one process at a time run the command for some inputs; the others find its result."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f"{key}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _digest(setup: Setup, checkout: Path) -> str:
    """Return the key of a setup's result."""
    digest = hashlib.sha256("\0".join((platform.machine(), setup.folder, setup.command, *setup.outputs)).encode())
    for name in setup.inputs:
        path = checkout / setup.folder / name
        content = path.read_bytes() if path.is_file() else b"-"
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()[:32]


def _link_tree(source: Path, target: Path) -> None:
    """Copy a folder with hard links to its files; with copies where the file system has none."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, copy_function=_link)


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
    return target
