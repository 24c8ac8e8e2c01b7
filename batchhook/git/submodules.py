"""Submodules in private work trees: repositories of their own that share the user's objects (alternates).

They have no remotes or refs, so nothing is fetched, and the user's repository is only read. git-submodule(1) cannot do
this: it takes names and URLs from the commit, writes to the user's configuration, and may use the network.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git.command import Git
from batchhook.git.removal import clear_folder

_SHORT = 8
"""Digits of an oid in a message."""


@dataclass(frozen=True, slots=True)
class SubmoduleSource:
    """The user's checkouts of one submodule.

    Attributes:
        user_worktrees: their tops, one for each of the user's work trees that has the submodule populated.
        objects: their object folders.
        object_format: ``sha1`` or ``sha256``.
    """

    user_worktrees: tuple[Path, ...]
    objects: tuple[str, ...]
    object_format: str


def find_source(git: Git, user_worktrees: Sequence[Path], path: str) -> SubmoduleSource | None:
    """Find the user's checkouts of the submodule at a path; None if no work tree has it populated.

    Args:
        git: provides the environment.
        user_worktrees: the user's work trees.
        path: of the submodule, from the commit.

    Raises:
        GitError: git cannot open the submodule's repository.
    """
    homes = tuple(top / path for top in user_worktrees if _is_populated(top, path))
    if not homes:
        return None
    repositories = [_objects(Git(home, git.environment)) for home in homes]
    return SubmoduleSource(homes, tuple(objects for objects, _ in repositories), repositories[0][1])


def _is_populated(top: Path, path: str) -> bool:
    """Return whether a submodule is populated; git ignores one behind a symbolic link."""
    is_linked = any((top / part).is_symlink() for part in _path_and_parents(path))
    return not is_linked and os.path.lexists(top / path / ".git")


def _objects(git: Git) -> tuple[str, str]:
    lines = git.text("rev-parse", "--path-format=absolute", "--git-path", "objects", "--show-object-format").split("\n")
    if len(lines) != 2:  # noqa: PLR2004 - one for each of the two options
        raise GitError(f"the path of the repository of {git.folder} contains a newline", "move it to another folder")
    return lines[0], lines[1]


def prepare_folder(top: Path, path: str) -> Path:
    """Create the folder of a submodule in a private work tree.

    Anything in its way is removed: following a symbolic link would write outside the work tree.
    """
    for part in _path_and_parents(path):
        place = top / part
        if place.is_symlink() or not place.is_dir():
            place.unlink(missing_ok=True)
            place.mkdir()
    return top / path


def _path_and_parents(path: str) -> list[Path]:
    """Return a path's parents and itself, outermost first: ``a``, ``a/b``."""
    return [*reversed(Path(path).parents), Path(path)][1:]


def attach_alternates(git: Git, folder: Path, source: SubmoduleSource) -> Git:
    """Make a folder a repository that shares the source's objects, reusing an existing one.

    Args:
        git: provides the environment.
        folder: the submodule's folder in the private work tree.
        source: provides the objects.

    Returns:
        Git, bound to that repository by variables: discovery would skip a damaged one and use the repository around it,
        or follow a configuration that tests may have written.
    """
    git_dir = folder / ".git"
    inside = Git(folder, git.environment)
    inside.environment |= {"GIT_DIR": os.fspath(git_dir), "GIT_WORK_TREE": os.fspath(folder)}
    if git_dir.is_symlink() or not git_dir.is_dir():
        clear_folder(folder)
        inside.run("init", "--quiet", "--template=", f"--object-format={source.object_format}")
    alternates = git_dir / "objects" / "info" / "alternates"
    alternates.parent.mkdir(parents=True, exist_ok=True)
    # Written each time: the user's repository may have moved.
    alternates.write_bytes(b"".join(os.fsencode(f"{objects}\n") for objects in source.objects))
    return inside


def check_has_commit(git: Git, commit: str, path: Sequence[str]) -> None:
    """Check that a submodule has its recorded commit.

    Args:
        git: in the submodule.
        commit: the recorded commit.
        path: the submodule's path, preceded by those of the submodules around it.

    Raises:
        GitError: the commit is missing.
    """
    if not git.succeeds("cat-file", "-e", f"{commit}^{{commit}}"):
        command = "git submodule update --recursive" if len(path) > 1 else "git submodule update"
        name = "/".join(path)
        raise GitError(f"submodule `{name}` lacks commit {commit[:_SHORT]}", f"{command} {shlex.quote(path[0])}")
