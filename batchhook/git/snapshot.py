"""Capture a work tree with its index as commits, and switch a work tree from one such state to another."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from batchhook.errors import ConflictError
from batchhook.git import sparse, untracked
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.git.untracked import Omissions

# Snapshots must work without a configured identity, and be recognisable.
IDENTITY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "batchhook"), ("EMAIL", "batchhook@localhost"))
}

_EMBEDDED_REPOSITORY = b"does not have a commit checked out"


@dataclass(frozen=True, slots=True)
class WorktreeState:
    """HEAD, index and files of a work tree.

    Attributes:
        head: HEAD's commit; empty for none.
        index: tree of what is staged.
        files: tree of all files that git does not ignore, untracked ones included, except for omissions.
    """

    head: str
    index: str
    files: str


@contextmanager
def temporary_index(git: Git, location: Location, name: str = "batchhook-index") -> Iterator[Path]:
    """Copy the user's index for the length of a block, so that the original stays untouched.

    Args:
        git: in the work tree.
        location: of the work tree.
        name: of the copy; the caller ensures that no other process uses it.

    Yields:
        The copy, in the git dir, with the stat data of unchanged files.
    """
    index = location.git_dir / "index"
    copy = location.git_dir / name
    lock = copy.with_name(f"{copy.name}.lock")
    for leftover in (copy, lock):  # of a killed process
        leftover.unlink(missing_ok=True)
    if index.exists():
        # Keep its mtime: git rechecks files that changed in the moment the index was written (racy git).
        shutil.copy2(index, copy)
    else:
        git.run("read-tree", "--empty", variables={"GIT_INDEX_FILE": str(copy)})
    try:
        yield copy
    finally:
        copy.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)


def has_conflicts(git: Git, variables: Mapping[str, str] | None = None) -> bool:
    """Return whether there are unresolved conflicts, of a merge or of a popped stash.

    Args:
        git: in the work tree.
        variables: name another index than the user's.
    """
    return bool(git.run("ls-files", "--unmerged", variables=variables).stdout)


def capture(git: Git, head: str, index: Path, omissions: Omissions | None = None) -> WorktreeState:
    """Capture a work tree; writes objects and changes nothing of the user's.

    Args:
        git: in the work tree's top folder.
        head: HEAD's commit.
        index: a temporary index; it contains all files afterwards.
        omissions: the untracked paths to omit; None for nested repositories only.

    Raises:
        ConflictError: there are unresolved conflicts.
        GitError: a file cannot be read.
    """
    variables = {"GIT_INDEX_FILE": str(index)}
    if has_conflicts(git, variables):
        raise ConflictError("there are unresolved conflicts", "resolve them first: git status")
    staged = git.text("write-tree", variables=variables)
    outside = (
        ("--sparse",) if sparse.is_enabled(git) else ()
    )  # files that exist although the sparse patterns exclude them
    add_all(git, variables, untracked.find_omissions(git) if omissions is None else omissions, *outside)
    return WorktreeState(head=head, index=staged, files=git.text("write-tree", variables=variables))


def add_all(git: Git, variables: Mapping[str, str], omissions: Omissions, *options: str) -> None:
    """Add all files that git does not ignore to an index; embedded repositories without a commit are skipped.

    Args:
        git: in the work tree's top folder.
        variables: name the index.
        omissions: untracked paths to leave out.
        options: further options of git-add(1).

    Raises:
        GitError: a file cannot be read.
    """
    command, stdin = ("-c", "advice.addEmbeddedRepo=false", "add", "--all", *options), b""
    if omissions.paths:
        command, stdin = (*command, *untracked.PATHSPEC_OPTIONS), untracked.pathspecs(omissions)
        variables = {**variables, **untracked.PATHSPEC_VARIABLES}
    result = git.run(*command, "--ignore-errors", stdin=stdin, variables=variables, check=False)
    errors = [line for line in result.stderr.splitlines() if line.startswith(b"error: ")]
    if result.returncode and not (errors and all(line.endswith(_EMBEDDED_REPOSITORY) for line in errors)):
        git.run(*command, stdin=stdin, variables=variables)  # raises with the reason
    if omissions.paths:  # the index may hold them from when they were tracked, small, or files
        stdin = b"".join(os.fsencode(f"{path}\0") for path in omissions.paths)
        git.run("update-index", "--force-remove", "-z", "--stdin", stdin=stdin, variables=variables)


def capture_files(git: Git, location: Location, index: str, omissions: Omissions) -> str:
    """Write the tree of all files in a work tree that git does not ignore; changes nothing else.

    Args:
        git: in the work tree.
        location: of the work tree.
        index: the name of the temporary index to use.
        omissions: the untracked paths to omit.

    Raises:
        ConflictError, GitError: as for ``capture``.
    """
    with temporary_index(git, location, index) as copy:
        return capture(git, "", copy, omissions).files


def commit_tree(
    git: Git, tree: str, message: str, *parents: str, identity: Mapping[str, str] = MappingProxyType(IDENTITY)
) -> str:
    """Create a commit of a tree, authored by batchhook unless an identity is given; moves no ref."""
    options = [option for parent in parents for option in ("-p", parent)]
    return git.text("commit-tree", tree, *options, "-F", "-", stdin=os.fsencode(message), variables=identity)


def commit_state(git: Git, state: WorktreeState, message: str, *also: str) -> str:
    """Create a commit of a state: its tree is the files, its parents are HEAD (if any) and a commit of the index.

    Args:
        git: in the repository.
        state: the state to store.
        message: its message.
        also: further parents, to keep these commits reachable.
    """
    head = (state.head,) if state.head else ()
    index = commit_tree(git, state.index, f"{message}: index", *head)
    return commit_tree(git, state.files, message, *head, index, *also)


def read_state(git: Git, oid: str) -> WorktreeState:
    """Read the state stored by ``commit_state``.

    Raises:
        GitError: there is no such commit.
    """
    *head, index = git.text("rev-parse", f"{oid}^@").split()
    trees = git.text("rev-parse", f"{index}^{{tree}}", f"{oid}^{{tree}}").split()
    return WorktreeState(head=head[0] if head else "", index=trees[0], files=trees[1])


def switch(git: Git, location: Location, index: Path, current: WorktreeState, target: WorktreeState) -> None:
    """Switch a work tree and its index to another state; files equal in both are not touched.

    Git compares each file with the current state before overwriting it, so a concurrent edit is refused, not lost. The
    folder that the caller is in stays, even if it is empty afterwards.

    Args:
        git: in the work tree's top folder.
        location: of the work tree.
        index: the temporary index with which the current state was captured.
        current: the captured state.
        target: the state to switch to.

    Raises:
        GitError: git refused, perhaps after writing some files; calling again continues.
    """
    out, files = _without_sparse_exclusions(git, index, current, target)
    options = ("-m", "-u", "--no-sparse-checkout")  # else git would delete files that the sparse patterns exclude
    variables = {
        "GIT_INDEX_FILE": str(index),
        "GIT_DIR": str(location.git_dir),
        "GIT_WORK_TREE": str(location.top),
    }  # there may be another repository around the current folder
    in_folder = git.at(_current_folder(location.top))  # git removes no folder that it was started in (since 2.35)
    in_folder.run("read-tree", *options, current.files, files, variables=variables)
    git.run("read-tree", "-i", "-m", current.index, target.index)
    sparse.mark_skip_worktree(git, out)
    git.run("update-index", "-q", "--refresh", check=False)  # exit code 1 only says that files differ from the index


def _current_folder(top: Path) -> Path:
    """Return the current folder if it is in a work tree, else the top folder."""
    try:
        folder = Path.cwd()
    except OSError:  # it was removed
        return top
    return folder if folder.is_relative_to(top) and os.access(folder, os.X_OK) else top


def _without_sparse_exclusions(
    git: Git, index: Path, current: WorktreeState, target: WorktreeState
) -> tuple[frozenset[str], str]:
    """Return the paths that a sparse checkout excludes, and the tree for the work tree without them."""
    if not sparse.is_enabled(git):
        return frozenset(), target.files
    rows = git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", current.files, target.files).stdout
    fields = rows.split(b"\0")[:-1]
    changed = {os.fsdecode(path): _blob_pair(row) for row, path in zip(fields[::2], fields[1::2], strict=True)}
    out = sparse.excluded_paths(git, index, target.files, changed)
    return out, sparse.replace_paths(git, target.files, current.files, out) if out else target.files


def _blob_pair(row: bytes) -> tuple[str, str]:
    """Parse the oids of ``:100644 100755 OLD NEW M``; empty for a missing side (all zeros)."""
    old, new = row.decode().split()[2:4]
    return old.strip("0") and old, new.strip("0") and new


def find_hidden_paths(git: Git, paths: Sequence[str]) -> list[str]:
    """Find paths marked skip-worktree or assume-unchanged, whose files git does not check.

    Absent files of a sparse checkout are not among them: git changes them in the index and leaves them out again.
    """
    if not paths:
        return []
    listed = git.run("--literal-pathspecs", "ls-files", "-v", "-z", "--", *paths).stdout.split(b"\0")
    rows = [(tag, path) for tag, _, path in (os.fsdecode(row).partition(" ") for row in listed if row)]
    hidden = [path for tag, path in rows if tag == "S" or tag.islower()]
    skipped = {path for tag, path in rows if tag == "S" and not os.path.lexists(git.folder / path)}
    if skipped and sparse.is_enabled(git):
        return [path for path in hidden if path not in skipped]
    return hidden


def operation_in_progress(location: Location) -> str:
    """Name the multi-step git command in progress in a work tree, such as "a merge"; empty for none."""
    names = {
        "MERGE_HEAD": "a merge",
        "CHERRY_PICK_HEAD": "a cherry-pick",
        "REVERT_HEAD": "a revert",
        "rebase-merge": "a rebase",
        "rebase-apply": "a rebase",
    }
    return next((name for marker, name in names.items() if (location.git_dir / marker).exists()), "")
