"""The whole work tree as a tree, again and again: by an index of our own that is kept."""

from __future__ import annotations

import shutil

from batchhook.git import snapshot, sparse
from batchhook.git.command import Git
from batchhook.git.location import Location

_INDEX = "batchhook-index-records"


def tree_of_files(git: Git, location: Location) -> str:
    """Name of the tree of all files that git does not ignore; the user's index is not touched.

    The index that is kept knows each file as it was the last time: only what changed since is read, however many files
    there are. Of a sparse checkout it would not know what is left out by now, so that has a fresh one each time.

    Args:
        git: in the work tree's top folder.
        location: of the work tree; one process at a time.

    Raises:
        ConflictError: there are unsolved conflicts.
        GitError: a file cannot be read.
    """
    if sparse.is_on(git):
        return snapshot.tree_of_files(git, location, f"{_INDEX}-fresh")
    index = location.git_dir / _INDEX
    index.with_name(f"{_INDEX}.lock").unlink(missing_ok=True)  # left by a kill
    theirs = location.git_dir / "index"
    if not index.exists() and theirs.exists():
        shutil.copy2(theirs, index)  # with its time, as for a private index
    variables = {"GIT_INDEX_FILE": str(index)}
    git.run("-c", "advice.addEmbeddedRepo=false", "add", "--all", variables=variables)
    return git.text("write-tree", variables=variables)


def author(git: Git) -> dict[str, str]:
    """In whose name a recorded change is made: the user's where git knows it, else nobody's."""
    said = git.run("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT", check=False)
    name, _, rest = said.stdout.decode("utf-8", "surrogateescape").rpartition(">")[0].partition(" <")
    if said.returncode or not name or not rest:
        return snapshot.IDENTITY
    return {**snapshot.IDENTITY, "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": rest}
