"""All that a user has in a work tree, as commits; and moving index and work tree from one such state to another."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from batchhook.errors import ConflictError
from batchhook.git import sparse
from batchhook.git.command import Git
from batchhook.git.location import Location

# Snapshots are nobody's work: they need no identity set up, and are told apart by this one.
IDENTITY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "batchhook"), ("EMAIL", "batchhook@localhost"))
}

_WITHOUT_COMMIT = b"does not have a commit checked out"


@dataclass(frozen=True, slots=True)
class State:
    """What a work tree holds; names of trees.

    Attributes:
        head: the commit that HEAD is at; empty where there is none.
        index: what is staged.
        files: all files that git does not ignore, untracked ones included.
    """

    head: str
    index: str
    files: str


@contextmanager
def private_index(git: Git, location: Location, name: str = "batchhook-index") -> Iterator[Path]:
    """A copy of the index for the length of a block, so that the user's own stays as it is.

    Args:
        git: in the work tree.
        location: of the work tree.
        name: of the file; whoever uses it sees to it that nobody else does.

    Yields:
        its file, in the git dir, with all that the index knows of unchanged files.
    """
    index = location.git_dir / "index"
    copy = location.git_dir / name
    lock = copy.with_name(f"{copy.name}.lock")
    for left_by_a_kill in (copy, lock):
        left_by_a_kill.unlink(missing_ok=True)
    if index.exists():
        # With its time: git looks twice at files that changed in the moment in which the index was written.
        shutil.copy2(index, copy)
    else:
        git.run("read-tree", "--empty", variables={"GIT_INDEX_FILE": str(copy)})
    try:
        yield copy
    finally:
        copy.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)


def has_conflicts(git: Git, variables: Mapping[str, str] | None = None) -> bool:
    """Whether there are unsolved conflicts: of a merge, or of a stash that was popped.

    Args:
        git: in the work tree.
        variables: that name another index than the user's.
    """
    return bool(git.run("ls-files", "--unmerged", variables=variables).stdout)


def look(git: Git, head: str, index: Path) -> State:
    """What a work tree holds now; writes objects, changes nothing of the user's.

    Args:
        git: in the work tree's top folder.
        head: the commit that HEAD is at.
        index: a private index; it knows all files afterwards.

    Raises:
        ConflictError: there are unsolved conflicts, of a merge or of a stash.
        GitError: a file cannot be read.
    """
    variables = {"GIT_INDEX_FILE": str(index)}
    if has_conflicts(git, variables):
        raise ConflictError("there are files with unsolved conflicts", "solve them first: git status")
    staged = git.text("write-tree", variables=variables)
    outside = ("--sparse",) if sparse.is_on(git) else ()  # files that are there, and that the checkout was to leave out
    add_all(git, variables, *outside)
    return State(head=head, index=staged, files=git.text("write-tree", variables=variables))


def add_all(git: Git, variables: Mapping[str, str], *options: str) -> None:
    """Have an index know all files that git does not ignore; repositories without a commit have nothing to be known.

    Args:
        git: in the work tree's top folder.
        variables: that name the index.
        options: further ones of git-add(1).

    Raises:
        GitError: a file cannot be read.
    """
    words = ("-c", "advice.addEmbeddedRepo=false", "add", "--all", *options)
    done = git.run(*words, "--ignore-errors", variables=variables, check=False)
    errors = [line for line in done.stderr.splitlines() if line.startswith(b"error: ")]
    if done.returncode and not (errors and all(line.endswith(_WITHOUT_COMMIT) for line in errors)):
        git.run(*words, variables=variables)  # which says what is the matter


def tree_of_files(git: Git, location: Location, index: str) -> str:
    """Name of the tree of all files in a work tree that git does not ignore; writes its objects, and nothing else.

    Args:
        git: in the work tree.
        location: of the work tree.
        index: the name of the private index to use.

    Raises:
        ConflictError, GitError: as for ``look``.
    """
    with private_index(git, location, index) as private:
        return look(git, "", private).files


def commit_of_tree(
    git: Git, tree: str, message: str, *parents: str, identity: Mapping[str, str] = MappingProxyType(IDENTITY)
) -> str:
    """Name of a commit that holds a tree, and is nobody's work unless an identity is given; nothing points at it."""
    options = [option for parent in parents for option in ("-p", parent)]
    return git.text("commit-tree", tree, *options, "-F", "-", stdin=os.fsencode(message), variables=identity)


def commit(git: Git, state: State, message: str, *also: str) -> str:
    """A state as a commit: its tree is the files; its parents are HEAD, if there is one, and a commit of the index.

    Args:
        git: in the repository.
        state: what it is to hold.
        message: its message.
        also: commits that are to be kept with it.
    """
    head = (state.head,) if state.head else ()
    index = commit_of_tree(git, state.index, f"{message}: index", *head)
    return commit_of_tree(git, state.files, message, *head, index, *also)


def read(git: Git, oid: str) -> State:
    """The state that a commit of ``commit`` holds.

    Raises:
        GitError: there is no such commit.
    """
    *head, index = git.text("rev-parse", f"{oid}^@").split()
    trees = git.text("rev-parse", f"{index}^{{tree}}", f"{oid}^{{tree}}").split()
    return State(head=head[0] if head else "", index=trees[0], files=trees[1])


def move(git: Git, index: Path, now: State, then: State) -> None:
    """Make a work tree and its index hold another state; files that are the same in both are not touched.

    Git compares each file with ``now`` before it writes over it, so what was changed meanwhile is refused, not lost.

    Args:
        git: in the work tree's top folder.
        index: the private index with which ``now`` was looked at.
        now: what is there.
        then: what is to be there.

    Raises:
        GitError: git refused, before or after some files were written; doing it again goes on.
    """
    out, files = _without_what_is_left_out(git, index, now, then)
    options = ("-m", "-u", "--no-sparse-checkout")  # else git takes files away that it was to leave out
    git.run("read-tree", *options, now.files, files, variables={"GIT_INDEX_FILE": str(index)})
    git.run("read-tree", "-i", "-m", now.index, then.index)
    sparse.mark(git, out)
    git.run("update-index", "-q", "--refresh", check=False)  # exit code 1 says that files differ from the index


def _without_what_is_left_out(git: Git, index: Path, now: State, then: State) -> tuple[frozenset[str], str]:
    """The paths that a sparse checkout leaves out, and the tree that is left for the work tree."""
    if not sparse.is_on(git):
        return frozenset(), then.files
    rows = git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", now.files, then.files).stdout
    fields = rows.split(b"\0")[:-1]
    changed = {os.fsdecode(path): _contents(what) for what, path in zip(fields[::2], fields[1::2], strict=True)}
    out = sparse.left_out(git, index, then.files, changed)
    return out, sparse.as_in(git, then.files, now.files, out) if out else then.files


def _contents(row: bytes) -> tuple[str, str]:
    """The two contents in ``:100644 100755 OLD NEW M``; names of nothing are zeros."""
    old, new = row.decode().split()[2:4]
    return old.strip("0") and old, new.strip("0") and new


def hidden_from_git(git: Git, paths: Sequence[str]) -> list[str]:
    """Those of these paths that git was told not to look at: skip-worktree and assume-unchanged.

    Files that a sparse checkout leaves out, and that are not there, are none of them: git changes them in the index,
    and leaves them out again.
    """
    if not paths:
        return []
    listed = git.run("--literal-pathspecs", "ls-files", "-v", "-z", "--", *paths).stdout.split(b"\0")
    rows = [(tag, path) for tag, _, path in (os.fsdecode(row).partition(" ") for row in listed if row)]
    hidden = [path for tag, path in rows if tag == "S" or tag.islower()]
    skipped = {path for tag, path in rows if tag == "S" and not os.path.lexists(git.folder / path)}
    if skipped and sparse.is_on(git):
        return [path for path in hidden if path not in skipped]
    return hidden


def what_is_under_way(location: Location) -> str:
    """The git command that has been begun and not ended in a work tree; empty where there is none."""
    marks = {
        "MERGE_HEAD": "a merge",
        "CHERRY_PICK_HEAD": "a cherry-pick",
        "REVERT_HEAD": "a revert",
        "rebase-merge": "a rebase",
        "rebase-apply": "a rebase",
    }
    return next((what for mark, what in marks.items() if (location.git_dir / mark).exists()), "")
