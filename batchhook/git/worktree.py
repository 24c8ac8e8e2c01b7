"""Private work trees: where tests run, so that what is tested is what was committed."""

from __future__ import annotations

import shutil
from pathlib import Path

from batchhook.errors import GitError
from batchhook.git.command import Git


def checkout(git: Git, folder: Path, commit: str) -> None:
    """Make a folder hold exactly a commit's files; reuse what is there from last time.

    Args:
        git: in the repository.
        folder: the private work tree's top; nobody else uses it meanwhile (the caller holds its lock).
        commit: what to check out.

    Raises:
        GitError: git cannot check it out: no room, no permission, missing objects.
    """
    if (folder / ".git").exists():
        try:
            _switch(Git(folder, git.environment), commit)
        except GitError:
            remove(git, folder)  # half made or damaged by a kill: begin anew
        else:
            return
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Twice forced: git may still know a work tree there, locked by us, whose folder somebody deleted.
    reason = ("--lock", "--reason", "batchhook runs tests here")
    git.run("worktree", "add", "--quiet", "--force", "--force", "--detach", *reason, str(folder), commit)


def _switch(git: Git, commit: str) -> None:
    lock = Path(git.text("rev-parse", "--path-format=absolute", "--git-path", "index.lock"))
    lock.unlink(missing_ok=True)  # of a git that was killed: the folder is ours alone
    git.run("checkout", "--quiet", "--force", "--detach", commit)
    git.run("clean", "--quiet", "-ffdx")


def remove(git: Git, folder: Path) -> None:
    """Take a private work tree away, folder and record."""
    git.run("worktree", "remove", "--force", "--force", str(folder), check=False)
    shutil.rmtree(folder, ignore_errors=True)
