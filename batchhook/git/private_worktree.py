"""Private work trees, in which tests run on exactly what was committed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git import lfs, submodules
from batchhook.git.command import Git
from batchhook.git.removal import clear_folder, remove_path

_SUBMODULE = b"160000"
_REASON = "batchhook runs tests here"
"""Why a work tree is locked: by this, private ones are told from the user's."""


@dataclass(frozen=True, slots=True)
class WorktreeRecord:
    """Git's record of a private work tree.

    Attributes:
        admin: the folder that git keeps for the work tree in the git dir.
        folder: the work tree's top.
    """

    admin: Path
    folder: Path

    @property
    def is_current(self) -> bool:
        """Return whether the work tree points back here, rather than to a repository that was copied to this one."""
        pointer = _read_pointer(self.folder)
        return pointer is None or not pointer.is_dir() or pointer.samefile(self.admin)


@dataclass(frozen=True, slots=True)
class _IndexContents:
    """The parts of a work tree's index that need care.

    Attributes:
        folders: all folders with files or submodules of the commit; parents before children.
        attributes: paths of the ``.gitattributes`` files.
        submodules: path -> recorded commit.
    """

    folders: tuple[str, ...]
    attributes: tuple[str, ...]
    submodules: dict[str, str]


def checkout(git: Git, folder: Path, commit: str, user_worktrees: Sequence[Path], keep: Sequence[str] = ()) -> None:
    """Check a commit out into a private work tree, reusing an existing one.

    Submodules and Git LFS contents are filled in from the user's repositories, never from the network.

    Args:
        git: in the repository.
        folder: the private work tree's top; the caller holds its lock.
        commit: the commit to check out.
        user_worktrees: the user's work trees, searched for submodules in this order.
        keep: paths of untracked folders that stay, relative to ``folder``.

    Raises:
        GitError: the checkout failed (disk full, permissions, missing objects), or a populated submodule lacks its
            recorded commit.
    """
    inside = Git(folder, git.environment)
    contents = _reuse(git, inside, commit, keep) if os.path.lexists(folder) else None
    if contents is None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # --force twice: git may still list a work tree that we locked and whose folder was deleted.
        reason = ("--lock", "--reason", _REASON)
        git.run(
            *lfs.POINTERS, "worktree", "add", "--quiet", "--force", "--force", "--detach", *reason, str(folder), commit
        )
        contents = _read_index(inside)
    _fill(inside, contents, user_worktrees, ())


def _reuse(git: Git, inside: Git, commit: str, keep: Sequence[str]) -> _IndexContents | None:
    """Switch an existing work tree to a commit; if it is incomplete or damaged, remove it and return None."""
    if any(record.is_current for record in _find_records(git, inside.folder)):
        try:
            if (inside.folder / ".git").exists():
                return _switch(inside, commit, keep)
        except GitError:
            pass  # damaged by a kill or by tests: start over
    remove(git, inside.folder)
    return None


def _switch(git: Git, commit: str, keep: Sequence[str] = ()) -> _IndexContents:
    """Make a work tree hold exactly a commit's files, leaving submodules' contents aside.

    Raises:
        GitError: git failed, or tests replaced a folder by a symbolic link.
    """
    lock = Path(git.text("rev-parse", "--path-format=absolute", "--git-path", "index.lock"))
    lock.unlink(missing_ok=True)  # left by a killed git; the folder is ours alone
    git.run(*lfs.POINTERS, "checkout", "--quiet", "--force", "--detach", commit)
    contents = _read_index(git)
    _remove_nested_repositories(git.folder, contents)
    git.run("clean", "--quiet", "-ffdx", *(f"--exclude=/{_escape_pattern(path)}" for path in keep))
    return contents


def _escape_pattern(path: str) -> str:
    """Return a pattern of gitignore(5) that stands for one path."""
    return re.sub(r"[\\*?\[\]!# ]", r"\\\g<0>", path)


def _read_index(git: Git) -> _IndexContents:
    # From the index, not the commit: git admits no path to it that leads outside or into a git dir. Kept as bytes where
    # possible, since there may be very many.
    rows = [row.split(b"\t", 1) for row in git.run("ls-files", "--stage", "-z").stdout.split(b"\0")[:-1]]
    folders = {path.rpartition(b"/")[0] for _, path in rows}
    attributes = (path for _, path in rows if path.endswith(b".gitattributes"))
    links = (row for row in rows if row[0].startswith(_SUBMODULE))
    return _IndexContents(
        folders=_with_parents(os.fsdecode(folder) for folder in folders if folder),
        attributes=tuple(os.fsdecode(path) for path in attributes if path.rpartition(b"/")[2] == b".gitattributes"),
        submodules={os.fsdecode(path): row.split()[1].decode() for row, path in links},
    )


def _with_parents(folders: Iterable[str]) -> tuple[str, ...]:
    known: set[str] = set()
    for folder in folders:
        path = folder
        while path and path not in known:
            known.add(path)
            path = path.rpartition("/")[0]
    return tuple(sorted(known))


def _remove_nested_repositories(top: Path, contents: _IndexContents) -> None:
    """Remove git dirs from folders that hold files, left by tests or a former submodule; git clean spares them.

    Raises:
        GitError: a symbolic link has replaced a folder; git may take the files behind it for its own.
    """
    for folder in contents.folders:
        place = f"{top}/{folder}"
        if os.path.islink(place):  # noqa: PTH114 - thousands of Path objects would be slow
            raise GitError(f"{place} is a symbolic link")
        repository = f"{place}/.git"
        if os.path.lexists(repository):
            remove_path(Path(repository))


def _fill(git: Git, contents: _IndexContents, user_worktrees: Sequence[Path], parents: Sequence[str]) -> None:
    """Add what git's checkout leaves out: Git LFS contents, and submodules as the user has them.

    Args:
        git: in the checked-out work tree.
        contents: of its index.
        user_worktrees: the user's work trees of the same repository.
        parents: paths of the submodules around it.

    Raises:
        GitError: a submodule lacks its recorded commit, or cannot be written.
    """
    lfs.fill_in(git, contents.attributes)
    for path, commit in contents.submodules.items():
        folder = submodules.prepare_folder(git.folder, path)
        source = submodules.find_source(git, user_worktrees, path)
        if source is None:
            clear_folder(folder)  # as in the user's tree; neither checkout nor clean enters it
        else:
            inside = submodules.attach_alternates(git, folder, source)
            path_chain = (*parents, path)
            _fill(inside, _checkout_submodule(inside, source, commit, path_chain), source.user_worktrees, path_chain)


def _checkout_submodule(
    git: Git, source: submodules.SubmoduleSource, commit: str, path: Sequence[str]
) -> _IndexContents:
    """Check out a submodule's recorded commit.

    Raises:
        GitError: the commit is missing, or the folder cannot be written.
    """
    try:
        return _switch(git, commit)
    except GitError:
        clear_folder(git.folder)  # damaged, or lacking the commit
        fresh = submodules.attach_alternates(git, git.folder, source)
        submodules.check_has_commit(fresh, commit, path)
        return _switch(fresh, commit)


def remove(git: Git, folder: Path) -> None:
    """Remove a private work tree: its folder and git's record of it."""
    git.run("worktree", "remove", "--force", "--force", str(folder), check=False)
    with suppress(OSError):
        remove_path(folder)
    for record in _find_records(git, folder):  # git refuses if the work tree points elsewhere, as to a moved repository
        shutil.rmtree(record.admin, ignore_errors=True)


def rename(git: Git, old: Path, new: Path) -> None:
    """Give a private work tree another path in the same folder; it is recreated by ``checkout`` if that fails."""
    with suppress(OSError):
        old.rename(new)
        git.run("worktree", "repair", str(new), check=False)


def _find_records(git: Git, folder: Path) -> list[WorktreeRecord]:
    common_dir = Path(git.text("rev-parse", "--path-format=absolute", "--git-common-dir"))
    path = Path(os.path.realpath(folder.parent), folder.name)  # as git writes it
    return [record for record in list_records(common_dir) if record.folder == path]


def list_records(common_dir: Path) -> list[WorktreeRecord]:
    """Return git's records of the private work trees, wherever these are; gitrepository-layout(5) describes them."""
    records = []
    for lock in sorted((common_dir / "worktrees").glob("*/locked")):
        admin = lock.parent
        with suppress(OSError):
            if lock.read_text("utf-8", "replace").strip() == _REASON:
                pointer = (admin / "gitdir").read_text("utf-8", "surrogateescape").removesuffix("\n")
                records.append(WorktreeRecord(admin, Path(os.path.normpath(admin / pointer)).parent))
    return records


def is_abandoned(folder: Path) -> bool:
    """Return whether the repository of a private work tree is gone, was moved, or has no record of it."""
    pointer = _read_pointer(folder)
    return pointer is None or not any(
        record.folder == folder for record in list_records(pointer.parent.parent) if record.admin.name == pointer.name
    )


def _read_pointer(folder: Path) -> Path | None:
    """Return the git dir that a work tree names; None if it names none."""
    try:
        text = (folder / ".git").read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    keyword, _, path = text.removesuffix("\n").partition(": ")
    return Path(os.path.normpath(folder / path)) if keyword == "gitdir" else None
