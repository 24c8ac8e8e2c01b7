"""Private work trees: where tests run, so that what is tested is what was committed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git import lfs, submodules
from batchhook.git.command import Git

_SUBMODULE = b"160000"


@dataclass(frozen=True, slots=True)
class _Held:
    """What a work tree's index holds.

    Attributes:
        folders: all that hold files or submodules of the commit, right there or further down; a folder comes before
            those in it.
        attributes: paths of the ``.gitattributes`` files.
        submodules: path -> the commit that is recorded for the submodule there.
    """

    folders: tuple[str, ...]
    attributes: tuple[str, ...]
    submodules: dict[str, str]


def checkout(git: Git, folder: Path, commit: str, tops: Sequence[Path]) -> None:
    """Make a folder hold exactly a commit's files; reuse what is there from last time.

    Submodules and contents of Git LFS are there if the user has them, and come from there: never from the network.

    Args:
        git: in the repository.
        folder: the private work tree's top; nobody else uses it meanwhile (the caller holds its lock).
        commit: what to check out.
        tops: the user's work trees in which submodules are looked for, the most important first.

    Raises:
        GitError: git cannot check it out: no room, no permission, missing objects; or a submodule that the user has
            lacks the recorded commit.
    """
    inside = Git(folder, git.environment)
    held = _reuse(git, inside, commit) if os.path.lexists(folder) else None
    if held is None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Twice forced: git may still know a work tree there, locked by us, whose folder somebody deleted.
        reason = ("--lock", "--reason", "batchhook runs tests here")
        git.run(
            *lfs.POINTERS, "worktree", "add", "--quiet", "--force", "--force", "--detach", *reason, str(folder), commit
        )
        held = _held(inside)
    _fill(inside, held, tops, ())


def _reuse(git: Git, inside: Git, commit: str) -> _Held | None:
    """Switch what is there to a commit; nothing, and nothing left, where it is half made or damaged."""
    if (inside.folder / ".git").exists():
        try:
            return _switch(inside, commit)
        except GitError:
            pass  # by a kill, or by tests: begin anew
    remove(git, inside.folder)
    return None


def _switch(git: Git, commit: str) -> _Held:
    """Make a work tree hold a commit's files and nothing else, but for what is in its submodules.

    Raises:
        GitError: git cannot, or tests have put a link in a folder's place.
    """
    lock = Path(git.text("rev-parse", "--path-format=absolute", "--git-path", "index.lock"))
    lock.unlink(missing_ok=True)  # of a git that was killed: the folder is ours alone
    git.run(*lfs.POINTERS, "checkout", "--quiet", "--force", "--detach", commit)
    held = _held(git)
    _drop_repositories(git.folder, held)
    git.run("clean", "--quiet", "-ffdx")
    return held


def _held(git: Git) -> _Held:
    # From the index, not from the commit: git lets no path into it that leads outside or into a git dir. There may be
    # very many, and few of them matter.
    rows = [row.split(b"\t", 1) for row in git.run("ls-files", "--stage", "-z").stdout.split(b"\0")[:-1]]
    folders = {path.rpartition(b"/")[0] for _, path in rows}
    attributes = (path for _, path in rows if path.endswith(b".gitattributes"))
    links = (row for row in rows if row[0].startswith(_SUBMODULE))
    return _Held(
        folders=_with_parents(os.fsdecode(folder) for folder in folders if folder),
        attributes=tuple(os.fsdecode(path) for path in attributes if path.rpartition(b"/")[2] == b".gitattributes"),
        submodules={os.fsdecode(path): what.split()[1].decode() for what, path in links},
    )


def _with_parents(folders: Iterable[str]) -> tuple[str, ...]:
    found: set[str] = set()
    for folder in folders:
        rest = folder
        while rest and rest not in found:
            found.add(rest)
            rest = rest.rpartition("/")[0]
    return tuple(sorted(found))


def _drop_repositories(top: Path, held: _Held) -> None:
    """Remove git dirs from folders that hold files: tests made them, or there was a submodule. Clean spares them.

    Raises:
        GitError: there is a symbolic link in a folder's place. Git may take the files behind it for those that it
            wrote.
    """
    for folder in held.folders:
        place = f"{top}/{folder}"
        if os.path.islink(place):  # noqa: PTH114 - a Path for each of thousands costs more than the question
            raise GitError(f"{place} is a symbolic link")
        repository = f"{place}/.git"
        if os.path.lexists(repository):
            submodules.discard(Path(repository))


def _fill(git: Git, held: _Held, tops: Sequence[Path], way: Sequence[str]) -> None:
    """Add what git leaves out: the contents of Git LFS, and submodules as the user's work trees have them.

    Args:
        git: in a work tree that holds all else.
        held: what it holds.
        tops: the user's work trees of the same repository.
        way: paths of the submodules that it is nested in.

    Raises:
        GitError: a submodule lacks the recorded commit, or something cannot be written.
    """
    lfs.fill_in(git, held.attributes)
    for path, commit in held.submodules.items():
        folder = submodules.own_folder(git.folder, path)
        lender = submodules.find_lender(git, tops, path)
        if lender is None:
            submodules.empty(folder)  # as there; neither checkout nor clean look into it
        else:
            inside = submodules.borrow(git, folder, lender)
            _fill(inside, _submodule(inside, lender, commit, (*way, path)), lender.tops, (*way, path))


def _submodule(git: Git, lender: submodules.Lender, commit: str, way: Sequence[str]) -> _Held:
    """Make a submodule hold its recorded commit.

    Raises:
        GitError: it lacks the commit, or something cannot be written.
    """
    try:
        return _switch(git, commit)
    except GitError:
        submodules.empty(git.folder)  # damaged, or without that commit
        again = submodules.borrow(git, git.folder, lender)
        submodules.check_has(again, commit, way)
        return _switch(again, commit)


def remove(git: Git, folder: Path) -> None:
    """Take a private work tree away, folder and record."""
    git.run("worktree", "remove", "--force", "--force", str(folder), check=False)
    with suppress(OSError):
        submodules.discard(folder)
