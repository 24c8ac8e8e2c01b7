"""Locate a repository's folders, and read its HEAD."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.errors import BatchhookError, GitError, NoRepositoryError, NotARepositoryError
from batchhook.git.command import Git
from batchhook.lazy import LazyModule

if TYPE_CHECKING:
    from batchhook.git import shadow_repo
else:
    shadow_repo = LazyModule("batchhook.git.shadow_repo")

_NONE = "not a git repository"
"""Part of git's message when it finds no repository."""


@dataclass(frozen=True, slots=True)
class Location:
    """One work tree of a repository, by absolute paths.

    Attributes:
        top: the work tree's top folder.
        git_dir: this work tree's own git dir.
        common_dir: the git dir that all work trees share; equals git_dir in the main work tree.
        is_shadow: whether it is batchhook's own repository beside files that have no git (``shadow_repo.py``).
    """

    top: Path
    git_dir: Path
    common_dir: Path
    is_shadow: bool = False

    def git(self, environment: Mapping[str, str] | None = None) -> Git:
        """Return the git command for the work tree's top folder; a shadow repository is named explicitly.

        Args:
            environment: the caller's.
        """
        if not self.is_shadow:
            return Git(self.top, environment)
        return Git(self.top, environment, git_dir=self.git_dir, work_tree=self.top)

    @property
    def detached_label(self) -> str:
        """Return the label that stands for a detached HEAD of this work tree instead of a branch name."""
        return "HEAD" if self.git_dir == self.common_dir else f"HEAD@{self.git_dir.name}"

    @property
    def is_rebasing(self) -> bool:
        """Return whether a rebase or ``git am`` is in progress; its intermediate history does not count."""
        return any((self.git_dir / name).is_dir() for name in ("rebase-merge", "rebase-apply"))

    @property
    def project_roots(self) -> tuple[Path, ...]:
        """Return where a project may keep its virtual environment: this work tree's top, then the main one's."""
        main = self.common_dir.parent if self.common_dir.name == ".git" else self.top
        return (self.top,) if main == self.top else (self.top, main)


def locate(start: Path, environment: Mapping[str, str] | None = None) -> Location:
    """Find the repository around a folder as git does; without one, a shadow repository.

    Args:
        start: any folder inside the work tree.
        environment: the caller's, including git's own variables: inside a hook they name the repository.

    Raises:
        NotARepositoryError: there is none (``NoRepositoryError``), or it is bare.
        GitError: git refuses to open it, for instance because another user owns it (``safe.directory``).
    """
    variables = os.environ if environment is None else environment
    command = ["git", "rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir"]
    try:
        result = subprocess.run(
            command,
            cwd=start,
            env={**variables, "LC_ALL": "C"},  # messages are parsed
            capture_output=True,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        if start.is_dir():
            raise GitError("git was not found", "install git, or put it on PATH") from error
        raise BatchhookError(f"no such folder: {start}") from error
    if result.returncode:
        message = result.stderr.decode(errors="replace")
        shadow = _locate_shadow_repo(start, message, variables)
        if shadow is None:
            raise _error(start, message, variables)
        return shadow
    lines = [Path(os.fsdecode(line)) for line in result.stdout.removesuffix(b"\n").split(b"\n")]
    if len(lines) != 3:  # noqa: PLR2004 - one for each of the three options
        raise GitError(f"the path of the repository around {start} contains a newline", "move it to another folder")
    location = Location(top=lines[0], git_dir=lines[1], common_dir=lines[2])
    _check_discoverable(location, variables)
    return location


def _locate_shadow_repo(start: Path, message: str, environment: Mapping[str, str]) -> Location | None:
    """Return the shadow repository around a folder that is in no git repository."""
    if _NONE not in message or {"GIT_DIR", "GIT_WORK_TREE"} & environment.keys():
        return None
    top = shadow_repo.find(Path(os.path.realpath(start)), environment)
    return (
        None
        if top is None
        else Location(top, shadow_repo.git_dir_for(top), shadow_repo.git_dir_for(top), is_shadow=True)
    )


def _check_discoverable(location: Location, environment: Mapping[str, str]) -> None:
    """Refuse a repository that only variables point to: processes that outlive the hook would find another one."""
    if not {"GIT_DIR", "GIT_WORK_TREE"} & environment.keys():
        return
    git_dir = Git(location.top, environment).run("rev-parse", "--absolute-git-dir", check=False).stdout
    if Path(os.fsdecode(git_dir.removesuffix(b"\n"))).resolve() != location.git_dir.resolve():
        raise GitError(
            f"GIT_DIR or GIT_WORK_TREE point to {location.git_dir}, which is not the repository of {location.top}",
            "a git dir separate from its work tree is not supported: use git worktree, or a .git file",
        )


def _error(start: Path, message: str, environment: Mapping[str, str]) -> BatchhookError:
    if _NONE in message and "GIT_DIR" in environment:
        return NotARepositoryError(f"GIT_DIR={environment['GIT_DIR']} is not a git repository", "unset GIT_DIR")
    if _NONE in message:
        hint = "run git init, or choose a folder with -C; batchhook record --yes starts here without git"
        return NoRepositoryError(f"{start} is not inside a git repository", hint)
    if "must be run in a work tree" in message:
        return NotARepositoryError(f"{start} has no work tree", "change to one: git worktree list")
    lines = message.strip().splitlines() or ["no reason given"]
    hint = "git config --global --add safe.directory …, if you trust its owner" if "safe.directory" in message else ""
    return GitError(f"git cannot open {start}: {lines[0].removeprefix('fatal: ')}", hint)


@dataclass(frozen=True, slots=True)
class Head:
    """HEAD's branch and commit.

    Attributes:
        branch: full ref name, or the location's label for a detached HEAD.
        oid: the commit; empty before the first commit.
    """

    branch: str
    oid: str


def read_head(git: Git, location: Location) -> Head:
    """Read HEAD."""
    both = git.run("rev-parse", "HEAD^{commit}", "--symbolic-full-name", "HEAD", check=False)
    if both.returncode == 0:
        oid, name = both.stdout.decode("utf-8", "surrogateescape").splitlines()
        return Head(branch=location.detached_label if name == "HEAD" else name, oid=oid)
    # Before the first commit, HEAD names a branch that does not exist.
    ref = git.run("symbolic-ref", "--quiet", "HEAD", check=False).stdout.decode().strip()
    oid = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", check=False).stdout.decode().strip()
    return Head(branch=ref or location.detached_label, oid=oid)
