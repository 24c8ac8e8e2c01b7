"""Move a branch or commit to it, after checking that both are possible."""

from __future__ import annotations

from pathlib import Path

from batchhook.errors import BatchhookError, ConflictError, GitError
from batchhook.git import private_worktree
from batchhook.git.command import Git
from batchhook.git.location import Location

_CONFIGURED_IDENTITY = ("-c", "user.useConfigOnly=true")  # never the identity git derives from host and account


def refs_containing(git: Git, location: Location, branch: str, commit: str) -> tuple[str, ...]:
    """List what else contains a commit: other branches, remote-tracking branches, tags, detached work trees.

    Args:
        git: in the repository.
        location: the work tree to leave out; so are private ones.
        branch: the full ref name of the branch to leave out.
        commit: the commit's oid.

    Returns:
        Short ref names, and paths of work trees.
    """
    kinds = ("refs/heads", "refs/remotes", "refs/tags")
    rows = git.text("for-each-ref", f"--contains={commit}", "--format=%(refname) %(refname:short)", *kinds).splitlines()
    refs = [short for full, _, short in (row.partition(" ") for row in rows) if full != branch]
    left_out = {location.top, *(record.folder for record in private_worktree.list_records(location.common_dir))}
    for top, head in _detached_worktrees(git):
        if top not in left_out and git.succeeds("merge-base", "--is-ancestor", commit, head):
            refs.append(f"the work tree {top}")
    return tuple(refs)


def _detached_worktrees(git: Git) -> list[tuple[Path, str]]:
    work_trees: list[tuple[Path, str]] = []
    for part in git.text("worktree", "list", "--porcelain").split("\n\n"):
        lines = dict(line.partition(" ")[::2] for line in part.splitlines())
        if "detached" in lines:
            work_trees.append((Path(lines["worktree"]), lines["HEAD"]))
    return work_trees


def check_identity(git: Git) -> None:
    """Check that the user's identity is configured.

    Raises:
        BatchhookError: no identity is configured.
    """
    for role in ("AUTHOR", "COMMITTER"):
        if git.run(*_CONFIGURED_IDENTITY, "var", f"GIT_{role}_IDENT", check=False).returncode:
            raise BatchhookError(
                "no Git identity configured; nothing was changed",
                "set user.name and user.email with git config, or leave --commit out",
            )


def commit(git: Git, tree: str, parent: str, message: str) -> str:
    """Create a commit under the user's identity, signed if they sign commits; moves no ref and runs no hook.

    Raises:
        GitError: no identity is configured, or signing failed.
    """
    sign = git.run("config", "--type=bool", "commit.gpgSign", check=False).stdout.strip() == b"true"
    options = ("-S",) if sign else ()
    content = message.encode("utf-8", "surrogateescape")
    try:
        return git.text(*_CONFIGURED_IDENTITY, "commit-tree", *options, tree, "-p", parent, "-F", "-", stdin=content)
    except GitError as error:
        raise GitError(error.message, "fix what git reports, or leave --commit out") from error


def check_movable(git: Git, old: str) -> None:
    """Check that HEAD's branch can be moved, by taking its locks and releasing them (git-update-ref(1), ``prepare``).

    Args:
        git: in the work tree; versions before 2.27 lack transactions, and the check is skipped.
        old: the commit that it must be at.

    Raises:
        ConflictError: the branch is locked, read-only, or has moved.
    """
    try:
        git.run("update-ref", "--stdin", stdin=f"start\nverify HEAD {old}\nprepare\nabort\n".encode())
    except GitError as error:
        if "unknown command" in error.message:
            return
        raise ConflictError(
            f"the branch cannot be moved: {error.message}; nothing was changed",
            "check the permissions; remove a .lock file that a killed git left behind",
        ) from error


def move(git: Git, old: str, new: str, reflog_message: str) -> None:
    """Move HEAD's branch from one commit to another.

    Args:
        git: in the work tree.
        old: the commit that it must be at.
        new: the commit to move it to.
        reflog_message: recorded in the reflog, prefixed with ``batchhook:``.

    Raises:
        GitError: the branch has moved, or cannot be written.
    """
    try:
        git.run("update-ref", "-m", f"batchhook: {reflog_message}", "HEAD", new, old)
    except GitError as error:
        raise GitError(error.message, "if another git was killed, remove the .lock file named above") from error
