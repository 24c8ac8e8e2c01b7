"""Bringing all that our refs hold from one repository into another."""

from __future__ import annotations

from pathlib import Path

from batchhook.errors import ConflictError, GitError
from batchhook.git.command import Git
from batchhook.git.refs import PREFIX

# A repository beside this one, and the user's settings are for those of others: nothing of them is to stand in the way.
_PLAINLY = ("-c", "fetch.fsckObjects=false", "-c", "transfer.fsckObjects=false", "-c", "gc.auto=0")
_PLAIN_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--atomic")


def check(source: Git, target: Git) -> None:
    """See that refs can be taken along.

    Args:
        source: the repository that has them.
        target: the one that gets them.

    Raises:
        ConflictError: the two name their objects in different ways, or the target has refs of its own.
    """
    formats = [git.text("rev-parse", "--show-object-format") for git in (source, target)]
    if formats[0] != formats[1]:
        raise ConflictError(
            f"what was recorded is named by {formats[0]}, and this repository by {formats[1]}: it cannot be taken over",
            f"git init --object-format={formats[0]}",
        )
    theirs = _refs(source)
    strange = sorted(name for name, oid in _refs(target).items() if theirs.get(name) != oid)
    if strange:
        raise ConflictError(
            f"this repository has pins of another batchhook ({strange[0]}): nothing was taken over",
            "if nobody needs them: git update-ref -d, for each of git for-each-ref refs/batchhook",
        )


def fetch(source: Path, target: Git, common_dir: Path) -> None:
    """Bring all refs of ours, with what they hold, from a git dir on this machine; all or none.

    Args:
        source: the git dir.
        target: the repository that gets them. Nobody else writes refs of ours there.
        common_dir: its own.

    Raises:
        GitError: it cannot be read or written; or refs are missing afterwards.
    """
    for lock in (common_dir / PREFIX).rglob("*.lock"):
        lock.unlink(missing_ok=True)  # of a git that was killed while it brought them
    mapping = f"+{PREFIX}*:{PREFIX}*"
    target.run(*_PLAINLY, "fetch", *_PLAIN_FETCH, str(source), mapping, variables={"GIT_ALLOW_PROTOCOL": "file"})
    missing = _refs(Git(source, target.environment, git_dir=source)).items() - _refs(target).items()
    if missing:  # transfer.hideRefs
        raise GitError(f"git did not bring {min(missing)[0]}", "see what hides it: git config --get-regexp hiderefs")


def _refs(git: Git) -> dict[str, str]:
    rows = git.text("for-each-ref", "--format=%(refname) %(objectname)", PREFIX).splitlines()
    return dict(row.split(" ") for row in rows)
