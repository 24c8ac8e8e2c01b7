"""Where a repository's folders are, and where its HEAD stands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.errors import BatchhookError, GitError, NoRepositoryError, NotARepositoryError
from batchhook.git.command import Git
from batchhook.lazy import Late

if TYPE_CHECKING:
    from batchhook.git import shadow_repo
else:
    shadow_repo = Late("batchhook.git.shadow_repo")

_NONE = "not a git repository"
"""What git says where it finds none."""


@dataclass(frozen=True, slots=True)
class Location:
    """One work tree of a repository; absolute paths.

    Attributes:
        top: the work tree's top folder.
        git_dir: this work tree's own git dir.
        common_dir: the git dir that all work trees share; the same as git_dir in the main one.
        is_private: whether this is no repository of the user's, but ours beside the files (``private.py``).
    """

    top: Path
    git_dir: Path
    common_dir: Path
    is_private: bool = False

    def git(self, environment: Mapping[str, str] | None = None) -> Git:
        """The git command in the work tree's top folder; of a private repository, which git does not find, it is told.

        Args:
            environment: the caller's.
        """
        if not self.is_private:
            return Git(self.top, environment)
        return Git(self.top, environment, git_dir=self.git_dir, work_tree=self.top)

    @property
    def detached_name(self) -> str:
        """What a detached HEAD of this work tree is called where a branch name would stand."""
        return "HEAD" if self.git_dir == self.common_dir else f"HEAD@{self.git_dir.name}"

    @property
    def is_rebasing(self) -> bool:
        """Whether a rebase or an ``am`` is under way: its half-made history is nobody's yet."""
        return any((self.git_dir / name).is_dir() for name in ("rebase-merge", "rebase-apply"))

    @property
    def tops(self) -> tuple[Path, ...]:
        """Where a project may keep its virtual environment: this work tree's top, then the main one's if it differs."""
        main = self.common_dir.parent if self.common_dir.name == ".git" else self.top
        return (self.top,) if main == self.top else (self.top, main)


def locate(start: Path, environment: Mapping[str, str] | None = None) -> Location:
    """Find the repository around a folder, as git itself does; where there is none, a private one.

    Args:
        start: any folder inside the work tree.
        environment: with git's own variables still in it, since inside a hook these are what names the repository.

    Raises:
        NotARepositoryError: there is none (``NoRepositoryError``), or it is bare.
        GitError: git refuses to open it, for instance because somebody else owns it (``safe.directory``).
    """
    variables = os.environ if environment is None else environment
    command = ["git", "rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir"]
    try:
        done = subprocess.run(
            command,
            cwd=start,
            env={**variables, "LC_ALL": "C"},  # what it says is read
            capture_output=True,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        if start.is_dir():
            raise GitError("git was not found", "install git, or put it on PATH") from error
        raise BatchhookError(f"there is no folder {start}") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        found = _private(start, said, variables)
        if found is None:
            raise _refusal(start, said, variables)
        return found
    lines = [Path(os.fsdecode(line)) for line in done.stdout.removesuffix(b"\n").split(b"\n")]
    if len(lines) != 3:  # noqa: PLR2004 - one for each of the three questions
        raise GitError(f"the path of the repository around {start} has a line end in it", "move it to another folder")
    location = Location(top=lines[0], git_dir=lines[1], common_dir=lines[2])
    _check_that_files_lead_there(location, variables)
    return location


def _private(start: Path, said: str, environment: Mapping[str, str]) -> Location | None:
    """The private repository around a folder that is in none of git's."""
    if _NONE not in said or {"GIT_DIR", "GIT_WORK_TREE"} & environment.keys():
        return None
    top = shadow_repo.find(Path(os.path.realpath(start)), environment)
    return (
        None
        if top is None
        else Location(top, shadow_repo.git_dir_of(top), shadow_repo.git_dir_of(top), is_private=True)
    )


def _check_that_files_lead_there(location: Location, environment: Mapping[str, str]) -> None:
    """Refuse a repository that only variables lead to: our processes that outlive the hook would find another one."""
    if not {"GIT_DIR", "GIT_WORK_TREE"} & environment.keys():
        return
    found = Git(location.top, environment).run("rev-parse", "--absolute-git-dir", check=False).stdout
    if Path(os.fsdecode(found.removesuffix(b"\n"))).resolve() != location.git_dir.resolve():
        raise GitError(
            f"GIT_DIR or GIT_WORK_TREE lead to {location.git_dir}, which is not the repository of {location.top}",
            "a git dir apart from its work tree is not supported: use git worktree, or a .git file",
        )


def _refusal(start: Path, said: str, environment: Mapping[str, str]) -> BatchhookError:
    if _NONE in said and "GIT_DIR" in environment:
        return NotARepositoryError(f"GIT_DIR is {environment['GIT_DIR']}, which is no git repository", "unset GIT_DIR")
    if _NONE in said:
        hint = "git init, or name a folder with -C; batchhook record --yes begins here without git"
        return NoRepositoryError(f"{start} is not inside a git repository", hint)
    if "must be run in a work tree" in said:
        return NotARepositoryError(f"{start} has no work tree", "go to one: git worktree list")
    lines = said.strip().splitlines() or ["no reason given"]
    hint = "git config --global --add safe.directory …, if you trust its owner" if "safe.directory" in said else ""
    return GitError(f"git does not open {start}: {lines[0].removeprefix('fatal: ')}", hint)


@dataclass(frozen=True, slots=True)
class Head:
    """Where HEAD stands.

    Attributes:
        branch: full ref name, or the location's name for a detached HEAD.
        oid: the commit; empty where there is none yet.
    """

    branch: str
    oid: str


def read_head(git: Git, location: Location) -> Head:
    """Where HEAD stands now."""
    both = git.run("rev-parse", "HEAD^{commit}", "--symbolic-full-name", "HEAD", check=False)
    if both.returncode == 0:
        oid, name = both.stdout.decode("utf-8", "surrogateescape").splitlines()
        return Head(branch=location.detached_name if name == "HEAD" else name, oid=oid)
    # Before the first commit, HEAD is a name of nothing.
    ref = git.run("symbolic-ref", "--quiet", "HEAD", check=False).stdout.decode().strip()
    oid = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", check=False).stdout.decode().strip()
    return Head(branch=ref or location.detached_name, oid=oid)
