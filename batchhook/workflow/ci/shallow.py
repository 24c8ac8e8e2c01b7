"""Clones with a part of the history only, as CI services make them: what is missing is said, not guessed."""

from __future__ import annotations

from pathlib import Path

from batchhook.errors import BatchhookError
from batchhook.git import history
from batchhook.git.command import Git

_HINT = "fetch all of it: fetch-depth: 0 (actions/checkout), GIT_DEPTH: 0 (GitLab), or git fetch --unshallow"


def boundary(git: Git) -> frozenset[str]:
    """The commits whose parents are missing since the clone is shallow; none in a whole one."""
    path = Path(git.text("rev-parse", "--path-format=absolute", "--git-path", "shallow"))
    return frozenset(path.read_text("ascii").split()) if path.exists() else frozenset()


def hint(git: Git) -> str:
    """What to do about missing history; empty in a whole clone."""
    return _HINT if boundary(git) else ""


def named(git: Git, revision: str) -> str:
    """The name of the commit that a revision means.

    Raises:
        BatchhookError: there is none; in a shallow clone that is the likely reason.
    """
    try:
        return history.named(git, revision)
    except BatchhookError as error:
        if not boundary(git):
            raise
        raise BatchhookError(f"{revision} is not in this clone, which is shallow", _HINT) from error


def check_whole(git: Git, good: str, bad: str, span: str) -> None:
    """Make sure that no history is missing between two commits.

    Raises:
        BatchhookError: some is.
    """
    ends = boundary(git)
    if ends and not ends.isdisjoint(git.text("rev-list", f"{good}..{bad}").split()):
        raise BatchhookError(f"this clone is shallow: commits of {span} are missing", _HINT)
