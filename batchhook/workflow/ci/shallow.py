"""Shallow clones, as CI services make them: missing history is an error with a hint, never a guess."""

from __future__ import annotations

from pathlib import Path

from batchhook.errors import BatchhookError
from batchhook.git import history
from batchhook.git.command import Git

_HINT = "fetch the whole history: fetch-depth: 0 (actions/checkout), GIT_DEPTH: 0 (GitLab), or git fetch --unshallow"


def missing_parents(git: Git) -> frozenset[str]:
    """Return the commits whose parents are missing because the clone is shallow; empty for a complete clone."""
    path = Path(git.text("rev-parse", "--path-format=absolute", "--git-path", "shallow"))
    return frozenset(path.read_text("ascii").split()) if path.exists() else frozenset()


def hint(git: Git) -> str:
    """Return a hint on fetching the missing history; empty for a complete clone."""
    return _HINT if missing_parents(git) else ""


def resolve_revision(git: Git, revision: str) -> str:
    """Return the oid of the commit that a revision names.

    Raises:
        BatchhookError: there is no such commit; in a shallow clone, the hint names that as the likely reason.
    """
    try:
        return history.resolve_commit(git, revision)
    except BatchhookError as error:
        if not missing_parents(git):
            raise
        raise BatchhookError(f"{revision} is not in this shallow clone", _HINT) from error


def check_complete(git: Git, good: str, bad: str, revision_range: str) -> None:
    """Check that no history between two commits is missing.

    Raises:
        BatchhookError: some of it is missing.
    """
    ends = missing_parents(git)
    if ends and not ends.isdisjoint(git.text("rev-list", f"{good}..{bad}").split()):
        raise BatchhookError(f"this clone is shallow: commits of {revision_range} are missing", _HINT)
