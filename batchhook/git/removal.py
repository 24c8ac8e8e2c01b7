"""Removal of anything that tests may leave in a private worktree: read-only folders, links, nested repositories."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path


def clear_folder(folder: Path) -> None:
    """Remove everything in a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            remove_path(Path(entry.path))


def remove_path(path: Path) -> None:
    """Remove a file, a folder with its contents, or a symbolic link (not its target)."""
    if path.is_dir() and not path.is_symlink():
        _make_writable(path)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _make_writable(top: Path) -> None:
    """Restore the permissions of folders that tests made read-only, so that they can be removed."""
    top.chmod(stat.S_IRWXU)
    for folder, names, _ in os.walk(top):  # top-down: entered after this
        for place in (Path(folder, name) for name in names):
            if not place.is_symlink():
                place.chmod(stat.S_IRWXU)
