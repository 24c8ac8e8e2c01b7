"""Create, store, list and drop entries of git's stash; ``snapshot.switch`` switches the work tree itself."""

from __future__ import annotations

import os

from batchhook.git import snapshot
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.git.snapshot import WorktreeState


def write_tracked_tree(git: Git, location: Location) -> str:
    """Write the tree of all tracked files as they are in a work tree; return its oid."""
    with snapshot.temporary_index(git, location, "batchhook-tracked") as index:
        variables = {"GIT_INDEX_FILE": str(index)}
        git.run("add", "--update", ":/", variables=variables)
        return git.text("write-tree", variables=variables)


def create_entry(git: Git, location: Location, current: WorktreeState, message: str, *, untracked: bool) -> str:
    """Create the commit of a stash entry with everything uncommitted; ``store_entry`` makes it an entry.

    Args:
        git: in the work tree.
        location: of the work tree.
        current: its captured state.
        message: the entry's message.
        untracked: whether to include untracked files.

    Returns:
        Its commit, in the form that ``git stash pop`` expects.
    """
    tracked = write_tracked_tree(git, location)
    index = snapshot.commit_tree(git, current.index, f"index: {message}", current.head)
    parents = [current.head, index]
    if untracked:
        rest = _without(git, location, current.files, tracked)
        parents.append(snapshot.commit_tree(git, rest, f"untracked files: {message}"))
    return snapshot.commit_tree(git, tracked, message, *parents)


def _without(git: Git, location: Location, tree: str, other: str) -> str:
    """Write a tree without the paths of another one."""
    names = git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", other).stdout
    with snapshot.temporary_index(git, location, "batchhook-tracked") as index:
        variables = {"GIT_INDEX_FILE": str(index)}
        git.run("read-tree", tree, variables=variables)
        git.run("update-index", "--force-remove", "-z", "--stdin", stdin=names, variables=variables)
        return git.text("write-tree", variables=variables)


def list_entries(git: Git) -> list[str]:
    """List the entries' commits, newest first."""
    return git.run("rev-list", "-g", "refs/stash", "--", check=False).stdout.decode().split()


def store_entry(git: Git, oid: str) -> None:
    """Make a commit of ``create_entry`` a stash entry, unless it is one."""
    if oid not in list_entries(git):
        _, message = git.text("rev-list", "--no-walk", "--format=%s", oid).split("\n")
        git.run("stash", "store", "--message", message, oid)


def drop_entry(git: Git, oid: str) -> None:
    """Drop a stash entry, if it exists."""
    listed = list_entries(git)
    if oid in listed:
        git.run("stash", "drop", "--quiet", f"stash@{{{listed.index(oid)}}}")


def list_intent_to_add(git: Git) -> list[str]:
    """List files added with intent only (``git add -N``), which a stash entry cannot represent."""
    output = git.run("diff-files", "--name-only", "--diff-filter=A", "--no-renames", "-z").stdout
    return [os.fsdecode(path) for path in output.split(b"\0") if path]
