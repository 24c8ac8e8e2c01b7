"""Putting uncommitted work aside as an entry of git's own stash; what makes room is done elsewhere."""

from __future__ import annotations

import os

from batchhook.git import snapshot
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.git.snapshot import State


def tracked_files(git: Git, location: Location) -> str:
    """Name of the tree of all files that git follows, as they are in a work tree: without untracked ones."""
    with snapshot.private_index(git, location, "batchhook-tracked") as index:
        variables = {"GIT_INDEX_FILE": str(index)}
        git.run("add", "--update", ":/", variables=variables)
        return git.text("write-tree", variables=variables)


def make(git: Git, location: Location, now: State, message: str, *, untracked: bool) -> str:
    """Make a stash entry of all that is not committed; it is no entry before ``store``, and nothing is touched.

    Args:
        git: in the work tree.
        location: of the work tree.
        now: what it holds.
        message: what the entry is called.
        untracked: whether it is to hold untracked files, too.

    Returns:
        the name of its commit, in the form that ``git stash pop`` knows.
    """
    tracked = tracked_files(git, location)
    index = snapshot.commit_of_tree(git, now.index, f"index: {message}", now.head)
    parents = [now.head, index]
    if untracked:
        rest = _without(git, location, now.files, tracked)
        parents.append(snapshot.commit_of_tree(git, rest, f"untracked files: {message}"))
    return snapshot.commit_of_tree(git, tracked, message, *parents)


def _without(git: Git, location: Location, tree: str, other: str) -> str:
    """A tree without the paths of another one."""
    names = git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", other).stdout
    with snapshot.private_index(git, location, "batchhook-tracked") as index:
        variables = {"GIT_INDEX_FILE": str(index)}
        git.run("read-tree", tree, variables=variables)
        git.run("update-index", "--force-remove", "-z", "--stdin", stdin=names, variables=variables)
        return git.text("write-tree", variables=variables)


def entries(git: Git) -> list[str]:
    """Names of the entries' commits, newest first."""
    return git.run("log", "-g", "--format=%H", "refs/stash", "--", check=False).stdout.decode().split()


def store(git: Git, oid: str) -> None:
    """Make a commit of ``make`` an entry; where it is one already, nothing."""
    if oid not in entries(git):
        message = git.text("log", "-1", "--format=%s", oid)
        git.run("stash", "store", "--message", message, oid)


def drop(git: Git, oid: str) -> None:
    """Take an entry off the stash; where there is no such entry, nothing."""
    listed = entries(git)
    if oid in listed:
        git.run("stash", "drop", "--quiet", f"stash@{{{listed.index(oid)}}}")


def intents(git: Git) -> list[str]:
    """Files that are only going to be added (git add -N): a stash entry cannot say so of a file."""
    said = git.run("diff", "--name-only", "--diff-filter=A", "--no-renames", "-z").stdout
    return [os.fsdecode(path) for path in said.split(b"\0") if path]
