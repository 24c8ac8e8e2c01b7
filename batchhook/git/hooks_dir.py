"""Locate the folder in which git looks for hooks, and make it look in batchhook's own instead.

batchhook writes into the repository's own ``hooks`` folder where it can. It cannot where a hook goes by its own name or
place, or where the folder belongs to the work tree (husky's, a tracked ``.githooks``) or to all repositories. Then git
reads one more configuration file, which sets ``core.hooksPath`` to a folder in the git dir. The user's setting stays as
it is, and holds again as soon as the git dir is found elsewhere (moved, copied, mounted into a container): the file is
included on the condition that the git dir has its present path.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from batchhook.git.command import Git
from batchhook.git.location import Location

_OWN_FOLDER = "batchhook-hooks"
CONFIG = "gitconfig"
"""The file in batchhook's own folder that git includes."""

_CONFIG_HEADER = """\
# Written by `batchhook install`; `batchhook uninstall` removes it.
# The hooks of the folder that core.hooksPath names otherwise run as before: batchhook's hooks call them.
"""


@dataclass(frozen=True, slots=True)
class HooksDir:
    """A work tree's hooks folder.

    Attributes:
        path: where git looks; absolute, may not exist.
        original: where it would look without batchhook's configuration; the same path if there is none.
        own: batchhook's own folder in this repository.
        setting: the scope that sets ``core.hooksPath`` to ``original`` (``local``, ``worktree``, ``global``,
            ``system``, ``command``); empty if it is not set.
        value: of ``core.hooksPath`` for ``original``, with a leading ``~`` expanded; empty if it is not set.
    """

    path: Path
    original: Path
    own: Path
    setting: str
    value: str

    @property
    def is_redirected(self) -> bool:
        """Return whether git looks in batchhook's own folder."""
        return self.path == self.own

    @property
    def is_shared(self) -> bool:
        """Return whether other repositories use the same original hooks."""
        return self.setting in {"global", "system"}


def find(location: Location, git: Git) -> HooksDir:
    """Find the hooks folder as git does (githooks(5)): linked work trees share it, ``core.hooksPath`` moves it."""
    # Not through Git.run, which overrides core.hooksPath.
    common_dir = Path(os.path.realpath(location.common_dir))
    own = common_dir / _OWN_FOLDER
    settings = list(_read_settings(location, git))
    is_redirected = bool(settings) and settings[-1][1] == os.fspath(own)
    scope, value = next(((scope, value) for scope, value in reversed(settings) if value != os.fspath(own)), ("", ""))
    original = location.top / value if value else location.common_dir / "hooks"
    return HooksDir(own if is_redirected else original, original, own, scope, value)


def read_hook(path: Path) -> bytes:
    """Return a hook's content; nothing for what cannot be read as a file, such as a link to nowhere."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def redirect(location: Location, git: Git, folder: HooksDir) -> None:
    """Make git look for hooks in batchhook's own folder, which exists.

    Raises:
        GitError: the repository's configuration cannot be written.
    """
    restore(git, folder)
    config = folder.own / CONFIG
    config.write_text(_CONFIG_HEADER, "utf-8")
    git.run("config", "--file", os.fspath(config), "core.hooksPath", os.fspath(folder.own))
    scope = "--worktree" if folder.setting == "worktree" else "--local"
    for pattern in _gitdir_patterns(Path(os.path.realpath(location.common_dir))):
        git.run("config", scope, f"includeIf.gitdir:{pattern}.path", os.fspath(config))


def restore(git: Git, folder: HooksDir) -> None:
    """Take batchhook's file out of the repository's configuration, under the present path and earlier ones.

    Raises:
        GitError: the repository's configuration cannot be written.
    """
    ending = f"/{_OWN_FOLDER}/{CONFIG}"
    scopes = ("--local", "--worktree") if folder.setting == "worktree" else ("--local",)
    for scope in scopes:
        listed = git.run("config", scope, "-z", "--get-regexp", r"^includeif\..*\.path$", check=False).stdout
        for entry in os.fsdecode(listed).split("\0"):
            key, _, value = entry.partition("\n")
            if value.endswith(ending):
                git.run("config", scope, "--unset-all", key, f"{re.escape(ending)}$")


def _read_settings(location: Location, git: Git) -> Iterator[tuple[str, str]]:
    """Yield scope and value of each ``core.hooksPath``, from the weakest to the one that holds."""
    printed = subprocess.run(
        ["git", "config", "--show-scope", "--type=path", "-z", "--get-all", "core.hooksPath"],  # noqa: S607 - the user's
        cwd=location.top,
        env=git.environment,
        capture_output=True,
        check=False,
    ).stdout
    fields = os.fsdecode(printed).split("\0")
    yield from zip(fields[::2], fields[1::2], strict=False)


def _gitdir_patterns(common_dir: Path) -> tuple[str, str]:
    """Return the patterns of ``includeIf`` for a git dir, and for those of its linked work trees (git-config(1))."""
    literal = re.sub(r"([*?\[\]\\])", r"\\\1", os.fspath(common_dir))
    return literal, f"{literal}/"
