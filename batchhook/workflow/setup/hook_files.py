"""batchhook's hooks in one folder: their status, and how they are written and removed.

A hook that was there is renamed to ``NAME.before-batchhook``, and ours runs it first. A hook of pre-commit or prek
stays in its place, and ours becomes the one that it replaced, ``NAME.legacy``, which it runs first: both frameworks
write their hook again at any time, and move whatever is in its place there.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from enum import Enum
from itertools import count
from pathlib import Path

from batchhook.core import hook_text
from batchhook.core.hook_text import HOOKS, HookAuthor
from batchhook.git.hooks_dir import read_hook
from batchhook.store.files import replacement
from batchhook.workflow.setup.hook_scripts import installed_text

_BEFORE = "before-batchhook"
_LEGACY = "legacy"
_MODE = 0o755
_INTERPRETER = re.compile(rb"^BATCHHOOK_INTERPRETER=(.*)$", re.MULTILINE)


class HookStatus(Enum):
    """The status of one of the hooks that git looks for."""

    MISSING = "missing"
    OURS = "in place"
    OUTDATED = "written by another installation of batchhook"
    FOREIGN = "not batchhook's"
    NOT_EXECUTABLE = "not executable"


def find_author(path: Path) -> HookAuthor | None:
    """Return the program that wrote a hook; None if there is no file."""
    return hook_text.find_author(read_hook(path)) if os.path.lexists(path) else None


def is_ours(path: Path) -> bool:
    """Return whether batchhook wrote a file."""
    return find_author(path) is HookAuthor.BATCHHOOK


def is_bound_to_path(path: Path) -> bool:
    """Return whether there is a hook of the user's that may depend on its own name or folder."""
    return find_author(path) is HookAuthor.USER and hook_text.is_bound_to_path(read_hook(path))


def previous_hook(folder: Path, name: str) -> Path:
    """Return the path to which a hook is renamed that was in our place."""
    return folder / f"{name}.{_BEFORE}"


def replaced_hook(folder: Path, name: str) -> Path:
    """Return the path to which pre-commit and prek rename a hook that was in their place."""
    return folder / f"{name}.{_LEGACY}"


def hook_status(folder: Path, name: str) -> HookStatus:
    """Return the status of a hook, also where pre-commit or prek runs ours as the hook that it replaced."""
    author = find_author(folder / name)
    if author is None:
        return HookStatus.MISSING
    path = folder / name
    if author.is_framework and is_ours(replaced_hook(folder, name)):
        path = replaced_hook(folder, name)
    elif author is not HookAuthor.BATCHHOOK:
        return HookStatus.FOREIGN
    if not _is_current(path, name):
        return HookStatus.OUTDATED
    return HookStatus.OURS if os.access(path, os.X_OK) else HookStatus.NOT_EXECUTABLE


def write_hook(folder: Path, name: str) -> bool:
    """Write one of our hooks where it belongs; keep each hook that is in the way.

    Returns:
        Whether anything had to be written.

    Raises:
        OSError: the folder cannot be written to.
    """
    path, previous, replaced = folder / name, previous_hook(folder, name), replaced_hook(folder, name)
    author, previous_author = find_author(path), find_author(previous)
    if author is HookAuthor.BATCHHOOK and previous_author is not None and previous_author.is_framework:
        previous.replace(path)  # as earlier versions of batchhook wrote it
        author = previous_author
    if author is not None and author.is_framework:
        path = replaced
        author = find_author(path)
    is_changed = not _is_current(path, name) or not os.access(path, os.X_OK)
    if is_changed:
        is_foreign = author is not None and author is not HookAuthor.BATCHHOOK
        _keep_appended(path, previous)
        write_script(path, installed_text(name), kept_as=previous if is_foreign else None)
    for copy in _copies(folder, name):
        if copy != path:
            copy.unlink()  # renamed by another hook manager, which no longer calls it
    return is_changed


def remove_hook(folder: Path, name: str) -> bool:
    """Remove one of our hooks, wherever it is, and put back the hook that it replaced.

    Returns:
        Whether there was one.

    Raises:
        OSError: the folder cannot be written to.
    """
    copies, previous = _copies(folder, name), previous_hook(folder, name)
    for copy in copies:
        _keep_appended(copy, previous)
        copy.unlink()
    if copies and os.path.lexists(previous):
        _put_back(folder, name)
    return bool(copies)


def has_hooks(folder: Path) -> bool:
    """Return whether batchhook wrote a hook into a folder."""
    return any(_copies(folder, name) for name in HOOKS)


def write_script(path: Path, text: str, *, kept_as: Path | None = None) -> None:
    """Write an executable script so that no reader sees half of it.

    Args:
        path: of the script.
        text: its content.
        kept_as: the new path of the hook that is there now; None to replace it.
    """
    with replacement(path, durable=False) as file:
        file.write(text.encode("utf-8", "surrogateescape"))
        os.fchmod(file.fileno(), _MODE)
        if kept_as is not None:
            file.flush()  # a full disk leaves that hook in its place
            _keep(path, kept_as)


def _is_current(path: Path, name: str) -> bool:
    """Return whether a hook is as we would write it; our Python may go by another name (``python3``) in its folder."""
    text, current = read_hook(path), installed_text(name).encode()
    ours, theirs = _INTERPRETER.search(current), _INTERPRETER.search(text)
    if ours is None or theirs is None:
        return False
    if ours.group() != theirs.group():
        interpreter = Path("".join(shlex.split(os.fsdecode(theirs.group(1)))))
        if interpreter.parent != Path(sys.executable).parent or not os.access(interpreter, os.X_OK):
            return False
    return _INTERPRETER.sub(b"", text) == _INTERPRETER.sub(b"", current)


def _copies(folder: Path, name: str) -> list[Path]:
    """List the files of ours that are, or were, a hook: under its own name, or as a hook manager renamed it."""
    paths = [folder / name, *folder.glob(f"{name}.*")]
    return [path for path in paths if is_ours(path)]


def _keep(path: Path, previous: Path) -> None:
    """Rename a hook to the name under which ours runs it; one that has this name is kept under another."""
    if find_author(previous) is HookAuthor.USER and read_hook(previous) != read_hook(path):
        previous.rename(_unused(previous))
    path.replace(previous)


def _keep_appended(path: Path, previous: Path) -> None:
    """Make what another program appended to a hook of ours the previous hook; only keep it if there is one already."""
    appended = hook_text.find_appended(read_hook(path))
    if appended:
        target = _unused(previous) if os.path.lexists(previous) else previous
        write_script(target, f"#!/bin/sh\n{os.fsdecode(appended)}\n")


def _put_back(folder: Path, name: str) -> None:
    """Let the hook that ours replaced run as before; if another manager has taken our place, it is only kept."""
    path, previous = folder / name, previous_hook(folder, name)
    author = find_author(path)
    if author is not None and not author.is_framework and read_hook(path) == read_hook(previous):
        previous.unlink()  # the manager has written its hook again
    target = path if author is None else replaced_hook(folder, name)
    if (author is None or author.is_framework) and not os.path.lexists(target):
        previous.replace(target)


def _unused(previous: Path) -> Path:
    numbered = (previous.with_name(f"{previous.name}.{number}") for number in count(1))
    return next(path for path in numbered if not os.path.lexists(path))
