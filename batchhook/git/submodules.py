"""A submodule in a private work tree: a repository of its own that borrows the objects of the user's.

It has neither remote nor refs, so nothing can be fetched, and the user's repository is only read. Git's own commands
for submodules are of no use here: they take names and addresses from the commit, write a record into the user's
settings, and may go to the network.
"""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git.command import Git

_SHORT = 8
"""Digits of a commit's name in a message."""


@dataclass(frozen=True, slots=True)
class Lender:
    """The user's own repositories of one submodule.

    Attributes:
        tops: their work trees; one for each of the user's work trees that has the submodule.
        objects: where their objects are.
        object_format: ``sha1`` or ``sha256``.
    """

    tops: tuple[Path, ...]
    objects: tuple[str, ...]
    object_format: str


def find_lender(git: Git, tops: Sequence[Path], path: str) -> Lender | None:
    """The user's repositories of the submodule at a path; nothing where no work tree has it.

    Args:
        git: for its environment.
        tops: the user's work trees.
        path: as the commit names it.

    Raises:
        GitError: git does not open the repository that is there.
    """
    homes = tuple(top / path for top in tops if _is_populated(top, path))
    if not homes:
        return None
    found = [_objects(Git(home, git.environment)) for home in homes]
    return Lender(homes, tuple(objects for objects, _ in found), found[0][1])


def _is_populated(top: Path, path: str) -> bool:
    """Whether a repository is there; behind a symbolic link, there is none for git."""
    is_linked = any((top / part).is_symlink() for part in _ways(path))
    return not is_linked and os.path.lexists(top / path / ".git")


def _objects(git: Git) -> tuple[str, str]:
    lines = git.text("rev-parse", "--path-format=absolute", "--git-path", "objects", "--show-object-format").split("\n")
    if len(lines) != 2:  # noqa: PLR2004 - one for each of the two questions
        raise GitError(f"the path of the repository of {git.folder} has a line end in it", "move it to another folder")
    return lines[0], lines[1]


def own_folder(top: Path, path: str) -> Path:
    """The folder of a submodule in a private work tree, made if it is not there.

    Whatever else stands in its way goes: following a symbolic link, we would write outside.
    """
    for part in _ways(path):
        place = top / part
        if place.is_symlink() or not place.is_dir():
            place.unlink(missing_ok=True)
            place.mkdir()
    return top / path


def _ways(path: str) -> list[Path]:
    """All folders on the way to a path, itself included: ``a``, ``a/b``."""
    return [*reversed(Path(path).parents), Path(path)][1:]


def empty(folder: Path) -> None:
    """Remove all that is in a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            discard(Path(entry.path))


def discard(place: Path) -> None:
    """Remove a file or a folder with all that is in it; a symbolic link only itself."""
    if place.is_dir() and not place.is_symlink():
        _open_up(place)
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _open_up(top: Path) -> None:
    """Let folders be read and written that tests have closed: they would keep what is in them."""
    top.chmod(stat.S_IRWXU)
    for folder, names, _ in os.walk(top):  # goes into each only after this
        for place in (Path(folder, name) for name in names):
            if not place.is_symlink():
                place.chmod(stat.S_IRWXU)


def borrow(git: Git, folder: Path, lender: Lender) -> Git:
    """Make a folder a repository with the lender's objects, or let the one that is there have them.

    Args:
        git: for its environment.
        folder: of the submodule in the private work tree.
        lender: who has the objects.

    Returns:
        git, in that repository and no other: without these variables it would take the one around it for a damaged
        one, or go where the settings of this one lead, which tests may have written.
    """
    git_dir = folder / ".git"
    inside = Git(folder, git.environment)
    inside.environment |= {"GIT_DIR": os.fspath(git_dir), "GIT_WORK_TREE": os.fspath(folder)}
    if git_dir.is_symlink() or not git_dir.is_dir():
        empty(folder)
        inside.run("init", "--quiet", "--template=", f"--object-format={lender.object_format}")
    alternates = git_dir / "objects" / "info" / "alternates"
    alternates.parent.mkdir(parents=True, exist_ok=True)
    # Each time anew: the user's repository may be elsewhere by now.
    alternates.write_bytes(b"".join(os.fsencode(f"{objects}\n") for objects in lender.objects))
    return inside


def check_has(git: Git, commit: str, way: Sequence[str]) -> None:
    """Check that a submodule has the commit that is recorded for it.

    Args:
        git: in the submodule.
        commit: what is recorded.
        way: the submodule's path; before it, those of the submodules that it is nested in.

    Raises:
        GitError: it has not.
    """
    if not git.succeeds("cat-file", "-e", f"{commit}^{{commit}}"):
        command = "git submodule update --recursive" if len(way) > 1 else "git submodule update"
        name = "/".join(way)
        raise GitError(f"submodule `{name}` has no commit {commit[:_SHORT]} here", f"{command} {shlex.quote(way[0])}")
