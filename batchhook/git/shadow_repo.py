"""Folders that no git repository is around: a repository of our own beside the files, in ``.batchhook/``.

Git does not find it by itself, so each of its commands is told (``Location.git``). It is never looked for where git
finds a repository: what a clone holds may be anybody's doing, its configuration included.
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
# What no snapshot of this folder holds, beside what a .gitignore names. Written by batchhook; yours to change.
/.batchhook/
__pycache__/
*.py[co]
.venv/
venv/
node_modules/
.DS_Store
"""


def git_dir_of(top: Path) -> Path:
    """The git dir that our own repository of a folder has, there or not."""
    return top / FOLDER / _REPOSITORY


def is_one(git_dir: Path) -> bool:
    """Whether a git dir, which was found in a way that is trusted, is one of these."""
    return (git_dir.parent.name, git_dir.name) == (FOLDER, _REPOSITORY)


def is_there(top: Path) -> bool:
    """Whether a folder has one; a link leads to none."""
    git_dir = git_dir_of(top)
    return _is_folder(git_dir.parent) and _is_folder(git_dir) and os.path.lexists(git_dir / "HEAD")


def find(start: Path, environment: Mapping[str, str]) -> Path | None:
    """The nearest folder from here upwards that has one; on this file system, as git does it.

    Args:
        start: an absolute path without links.
        environment: with the home in which git's configuration is.

    Raises:
        GitError: it is another user's, or something called ``.git`` is on the way that git does not open.
    """
    found: Path | None = None
    for folder in _upwards(start, environment):
        if os.path.lexists(folder / ".git"):
            raise GitError(f"{folder / '.git'} is there, and no repository that git opens", "mend it, or move it away")
        if found is None and is_there(folder):
            found = folder
    if found is not None:
        check_owner(found, environment)
    return found


def _upwards(start: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """The folders in which git looks for its own."""
    ceilings = {os.path.realpath(one) for one in environment.get("GIT_CEILING_DIRECTORIES", "").split(":") if one}
    with suppress(OSError):  # a folder that we may not look into
        device = start.stat().st_dev
        for folder in (start, *start.parents):
            if folder.stat().st_dev != device or (folder != start and os.fspath(folder) in ceilings):
                return
            yield folder


def check_owner(top: Path, environment: Mapping[str, str]) -> None:
    """Refuse another user's, as git does: its configuration names programs that are run.

    Raises:
        GitError: it is another user's, and ``safe.directory`` does not name the folder.
    """
    git_dir = git_dir_of(top)
    owners = {path.lstat().st_uid for path in (top, git_dir.parent, git_dir)}
    mine = {os.geteuid()}
    if os.geteuid() == 0 and environment.get("SUDO_UID", "").isdecimal():
        mine.add(int(environment["SUDO_UID"]))  # as git has it
    if owners <= mine:
        return
    # From the root: there is no repository whose own configuration could speak for itself.
    said = Git(Path("/"), environment).run("config", "-z", "--get-all", "safe.directory", check=False).stdout
    trusted: list[str] = []
    for value in os.fsdecode(said).split("\0")[:-1]:
        trusted = [*trusted, value] if value else []  # an empty one takes back all before it
    if not {"*", os.fspath(top)} & set(trusted):
        raise GitError(
            f"{git_dir} is another user's: batchhook does not open it",
            "git config --global --add safe.directory …, if you trust its owner",
        )


def refusal(top: Path, environment: Mapping[str, str]) -> str:
    """Why there should be none in a folder; empty where nothing speaks against it."""
    home = environment.get("HOME", "")
    if top == Path(top.anchor):
        return f"{top} is the whole file system"
    if home and top == Path(os.path.realpath(home)):
        return f"{top} is your home folder"
    return ""


def prepare(top: Path) -> Path:
    """Make the folder beside the files, private to the user, in which the repository of a folder is going to be.

    Returns:
        a file to lock while the repository is made.

    Raises:
        BatchhookError: something else is in its place.
        OSError: it cannot be written.
    """
    folder = top / FOLDER
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not _is_folder(folder):
        raise BatchhookError(f"{folder} is no folder", "move it away")
    folder.chmod(0o700)
    # In whatever repository this folder may lie one day, nothing of it is to be committed. A link is not followed.
    new = folder / f".gitignore.{os.getpid()}"
    new.write_text("*\n", "utf-8")
    new.replace(folder / ".gitignore")
    return folder / "lock"


def init(top: Path, environment: Mapping[str, str]) -> Path:
    """Make the repository of a folder, under a name by which nobody finds it yet; one at a time.

    Args:
        top: the folder; ``prepare`` was called for it.
        environment: the caller's.

    Returns:
        its git dir for now; ``put`` gives it its place.

    Raises:
        GitError, OSError: it cannot be written.
    """
    git_dir = top / FOLDER / f"{_REPOSITORY}.new"
    shutil.rmtree(git_dir, ignore_errors=True)  # of one that was killed
    # Bare: a git that is started in it does not take it for a work tree. Without templates there are no hooks.
    Git(top, environment).run("init", "--quiet", "--bare", "--template=", str(git_dir))
    # No commit is ever made on this branch; its name is what people read.
    Git(top, environment, git_dir=git_dir).run("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info" / "exclude").write_text(_IGNORED, "utf-8")
    return git_dir


def put(git_dir: Path) -> None:
    """Give what ``init`` made its place, where it is found.

    Raises:
        OSError: it cannot be written.
    """
    git_dir.rename(git_dir.with_name(_REPOSITORY))


def tidy(git: Git) -> None:
    """Have git pack what has piled up, if it is much: nobody calls git here, who would have that done on the way.

    Args:
        git: in the work tree of one of these.
    """
    git.run("-c", "gc.autoDetach=false", "gc", "--auto", "--quiet", check=False)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
