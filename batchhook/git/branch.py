"""Moving a branch, and making a commit on it: what stands against it, and doing it."""

from __future__ import annotations

from pathlib import Path

from batchhook.errors import BatchhookError, ConflictError, GitError
from batchhook.git.command import Git
from batchhook.git.location import Location

_COMMITTERS_OWN = ("-c", "user.useConfigOnly=true")  # not what git makes up of the machine's and the account's name


def holders(git: Git, location: Location, branch: str, commit: str) -> tuple[str, ...]:
    """What else holds a commit: other branches, remote-tracking ones, tags, and other work trees without a branch.

    Args:
        git: in the repository.
        location: of the work tree that is not asked about.
        branch: the full name of the branch that is not asked about.
        commit: its name.

    Returns:
        names as git shortens them, and paths of work trees.
    """
    kinds = ("refs/heads", "refs/remotes", "refs/tags")
    rows = git.text("for-each-ref", f"--contains={commit}", "--format=%(refname) %(refname:short)", *kinds).splitlines()
    found = [short for full, _, short in (row.partition(" ") for row in rows) if full != branch]
    for top, head in _detached(git):
        is_private = location.common_dir.resolve() in top.parents  # where tests ran, and will run on something else
        if top != location.top and not is_private and git.succeeds("merge-base", "--is-ancestor", commit, head):
            found.append(f"the work tree {top}")
    return tuple(found)


def _detached(git: Git) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for part in git.text("worktree", "list", "--porcelain").split("\n\n"):
        lines = dict(line.partition(" ")[::2] for line in part.splitlines())
        if "detached" in lines:
            found.append((Path(lines["worktree"]), lines["HEAD"]))
    return found


def check_identity(git: Git) -> None:
    """See that a commit can be made in the user's name.

    Raises:
        BatchhookError: git was not told who that is.
    """
    for role in ("AUTHOR", "COMMITTER"):
        if git.run(*_COMMITTERS_OWN, "var", f"GIT_{role}_IDENT", check=False).returncode:
            raise BatchhookError(
                "git does not know in whose name to commit; nothing was touched",
                "git config user.name and user.email; or without --commit",
            )


def commit(git: Git, tree: str, parent: str, message: str) -> str:
    """Make a commit in the user's name, signed if theirs are; nothing points at it yet, and no hook is run.

    Raises:
        GitError: git does not know who that is, or cannot sign.
    """
    sign = git.run("config", "--type=bool", "commit.gpgSign", check=False).stdout.strip() == b"true"
    options = ("-S",) if sign else ()
    written = message.encode("utf-8", "surrogateescape")
    try:
        return git.text(*_COMMITTERS_OWN, "commit-tree", *options, tree, "-p", parent, "-F", "-", stdin=written)
    except GitError as error:
        raise GitError(error.message, "mend what git says; or without --commit") from error


def check_movable(git: Git, old: str) -> None:
    """See that what HEAD points at can be moved: its locks are taken, and given back (git-update-ref(1), ``prepare``).

    Args:
        git: in the work tree; before 2.27 it knows no such thing, and is not asked.
        old: where it has to be.

    Raises:
        ConflictError: it is locked, may not be written, or is elsewhere by now.
    """
    try:
        git.run("update-ref", "--stdin", stdin=f"start\nverify HEAD {old}\nprepare\nabort\n".encode())
    except GitError as error:
        if "unknown command" in error.message:
            return
        raise ConflictError(
            f"the branch cannot be moved: {error.message}; nothing was touched",
            "see that you may write there; a .lock file that a killed git left can be removed",
        ) from error


def move(git: Git, old: str, new: str, said: str) -> None:
    """Move what HEAD points at from one commit to another.

    Args:
        git: in the work tree.
        old: where it has to be.
        new: where it is to be.
        said: for the reflog.

    Raises:
        GitError: it is elsewhere by now, or cannot be written.
    """
    try:
        git.run("update-ref", "-m", f"batchhook: {said}", "HEAD", new, old)
    except GitError as error:
        raise GitError(error.message, "if another git was killed, remove the .lock file that is named") from error
