"""The shadow repository in ``.batchhook/``, for folders that are in no git repository.

Git does not discover it, so each git command is given its path (``Location.git``). It is never used inside a git
repository: a clone may contain one made by others, with a configuration that names programs.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from batchhook.errors import BatchhookError, GitError
from batchhook.git.command import Git

FOLDER = ".batchhook"
_REPOSITORY = "repository"
BRANCH = "without-git"

_IGNORED = """\
# Left out of snapshots, in addition to .gitignore. Written by batchhook; edit as you like.
/.batchhook/
__pycache__/
*.py[co]
.venv/
venv/
node_modules/
.DS_Store
"""


def git_dir_for(top: Path) -> Path:
    """Return the git dir of a folder's shadow repository, which may not exist."""
    return top / FOLDER / _REPOSITORY


def is_shadow_git_dir(git_dir: Path) -> bool:
    """Return whether a trusted git dir belongs to a shadow repository."""
    return (git_dir.parent.name, git_dir.name) == (FOLDER, _REPOSITORY)


def exists(top: Path) -> bool:
    """Return whether a folder has a shadow repository; symbolic links are not followed."""
    git_dir = git_dir_for(top)
    return _is_folder(git_dir.parent) and _is_folder(git_dir) and os.path.lexists(git_dir / "HEAD")


def find(start: Path, environment: Mapping[str, str]) -> Path | None:
    """Find the nearest folder upwards with a shadow repository, staying on one file system as git does.

    Args:
        start: an absolute path without links.
        environment: the caller's; its HOME holds git's configuration.

    Raises:
        GitError: it belongs to another user, or a ``.git`` on the way cannot be opened by git.
    """
    nearest: Path | None = None
    for folder in _upwards(start, environment):
        if os.path.lexists(folder / ".git"):
            raise GitError(f"git cannot open {folder / '.git'}", "repair it, or move it away")
        if nearest is None and exists(folder):
            nearest = folder
    if nearest is not None:
        check_owner(nearest, environment)
    return nearest


def _upwards(start: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders in which git would look for a repository (GIT_CEILING_DIRECTORIES, file system boundary)."""
    ceilings = {
        os.path.realpath(ceiling) for ceiling in environment.get("GIT_CEILING_DIRECTORIES", "").split(":") if ceiling
    }
    with suppress(OSError):  # an unreadable folder
        device = start.stat().st_dev
        for folder in (start, *start.parents):
            if folder.stat().st_dev != device or (folder != start and os.fspath(folder) in ceilings):
                return
            yield folder


def check_owner(top: Path, environment: Mapping[str, str]) -> None:
    """Refuse another user's shadow repository, as git does: its configuration names programs to run.

    Raises:
        GitError: it belongs to another user, and ``safe.directory`` does not list the folder.
    """
    git_dir = git_dir_for(top)
    owners = {path.lstat().st_uid for path in (top, git_dir.parent, git_dir)}
    mine = {os.geteuid()}
    if os.geteuid() == 0 and environment.get("SUDO_UID", "").isdecimal():
        mine.add(int(environment["SUDO_UID"]))  # as git does under sudo
    if owners <= mine:
        return
    # From the root folder, so that no repository's own configuration is read.
    values = Git(Path("/"), environment).run("config", "-z", "--get-all", "safe.directory", check=False).stdout
    trusted: list[str] = []
    for value in os.fsdecode(values).split("\0")[:-1]:
        trusted = [*trusted, value] if value else []  # an empty value clears the list (git-config(1))
    if not {"*", os.fspath(top)} & set(trusted):
        raise GitError(
            f"{git_dir} belongs to another user; batchhook does not open it",
            "git config --global --add safe.directory …, if you trust its owner",
        )


def reason_against(top: Path, environment: Mapping[str, str]) -> str:
    """Return why a folder must not get a shadow repository; empty if it may."""
    home = environment.get("HOME", "")
    if top == Path(top.anchor):
        return f"{top} is the whole file system"
    if home and top == Path(os.path.realpath(home)):
        return f"{top} is your home folder"
    return ""


def prepare(top: Path) -> Path:
    """Create ``.batchhook/``, private to the user, for the shadow repository.

    Returns:
        A file to lock while the repository is created.

    Raises:
        BatchhookError: something else has that name.
        OSError: it cannot be written.
    """
    folder = top / FOLDER
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not _is_folder(folder):
        raise BatchhookError(f"{folder} is not a folder", "move it away")
    folder.chmod(0o700)
    # No repository around this folder, now or later, may commit it. replace() does not follow a link.
    new = folder / f".gitignore.{os.getpid()}"
    new.write_text("*\n", "utf-8")
    new.replace(folder / ".gitignore")
    return folder / "lock"


def init(top: Path, environment: Mapping[str, str]) -> Path:
    """Create a folder's shadow repository under a temporary name; one process at a time.

    Args:
        top: the folder, prepared by ``prepare``.
        environment: the caller's.

    Returns:
        Its temporary git dir; ``publish`` renames it.

    Raises:
        GitError, OSError: it cannot be written.
    """
    git_dir = top / FOLDER / f"{_REPOSITORY}.new"
    shutil.rmtree(git_dir, ignore_errors=True)  # left by a kill
    # Bare, so that git started inside does not take it for a work tree; without templates, so without hooks.
    Git(top, environment).run("init", "--quiet", "--bare", "--template=", str(git_dir))
    # The branch never gets a commit; its name is shown to people.
    Git(top, environment, git_dir=git_dir).run("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info" / "exclude").write_text(_IGNORED, "utf-8")
    return git_dir


def publish(git_dir: Path) -> None:
    """Rename a repository created by ``init`` to its final place.

    Raises:
        OSError: it cannot be written.
    """
    git_dir.rename(git_dir.with_name(_REPOSITORY))


def gc(git: Git) -> None:
    """Pack loose objects if there are many: without user commands, git never does so on its own.

    Args:
        git: in the shadow repository's work tree.
    """
    git.run("-c", "gc.autoDetach=false", "gc", "--auto", "--quiet", check=False)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
