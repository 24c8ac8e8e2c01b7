"""Files and folders that are in the way of files to restore."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from batchhook.core.paths import parent_dirs
from batchhook.errors import ConflictError
from batchhook.git.collisions import has_exact_name
from batchhook.store.restorations import NO_FILE, FileState
from batchhook.workflow.restore.safe_files import SafeFiles, ThroughLinkError


@dataclass(frozen=True, slots=True)
class Removals:
    """Files that are removed before others are written.

    Attributes:
        paths: of these files.
        folded: the same in one case, for file systems that do not distinguish ``a`` and ``A``.
    """

    paths: frozenset[str]
    folded: frozenset[str]

    @classmethod
    def of(cls, paths: Iterable[str]) -> Removals:
        """Collect paths."""
        exact = frozenset(paths)
        return cls(exact, frozenset(path.casefold() for path in exact))

    def has_alias(self, files: SafeFiles, path: str) -> bool:
        """Return whether the file found at a path is one of these, whose name differs in case only."""
        return path.casefold() in self.folded and path not in self.paths and not has_exact_name(files.top, path)


def read_state(files: SafeFiles, path: str, removals: Removals) -> FileState:
    """Return the file at a path; none if it is removed first, or if a link on the way is.

    A folder counts as no file: ``check_paths`` finds out whether it is in the way.
    """
    try:
        state = files.read_state(path) or NO_FILE
    except ThroughLinkError as error:
        if error.link in removals.paths:
            return NO_FILE
        raise
    return NO_FILE if state.mode and removals.has_alias(files, path) else state


def check_paths(files: SafeFiles, replaced: Sequence[tuple[str, FileState, FileState]]) -> None:
    """Check that no file is where a folder has to be, and no folder that holds other files where a file has to be.

    Args:
        files: the work tree.
        replaced: each path, with the states before and after.

    Raises:
        ConflictError: something is in the way.
    """
    removals = Removals.of(path for path, before, after in replaced if before.mode and not after.mode)
    for path in (path for path, _, after in replaced if after.mode):
        for parent in parent_dirs(path):
            if parent not in removals.paths and read_state(files, parent, removals).mode:
                raise ConflictError(f"{parent} is in the way of {path}; nothing was changed", "move it aside")
        if _is_folder(files, path, removals):
            others = [inner for inner in files.list_files(path) if inner not in removals.paths]
            if others:
                raise ConflictError(
                    f"the folder {path} is in the way, with {others[0]} in it; nothing was changed", "move it aside"
                )


def _is_folder(files: SafeFiles, path: str, removals: Removals) -> bool:
    try:
        return files.read_state(path) is None
    except ThroughLinkError as error:
        if error.link in removals.paths:
            return False
        raise
