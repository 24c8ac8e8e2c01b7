"""Copy batchhook's refs, with all that they reach, from one repository to another."""

from __future__ import annotations

from pathlib import Path

from batchhook.errors import ConflictError, GitError
from batchhook.git.command import Git
from batchhook.git.refs import PREFIX

# The source is our own, on this machine: settings meant for fetching from others must not reject it.
_LENIENT_CONFIG = ("-c", "fetch.fsckObjects=false", "-c", "transfer.fsckObjects=false", "-c", "gc.auto=0")
_FETCH_OPTIONS = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--atomic")
# The user may hide our refs from others (git-config(1)). Git's other end sees no setting of the command line.
_UPLOAD_PACK = "git {} upload-pack".format(
    " ".join(f"-c {section}.hideRefs=!{PREFIX.rstrip('/')}" for section in ("transfer", "uploadpack"))
)


def check_transferable(source: Git, target: Git) -> None:
    """Check that refs can be copied.

    Args:
        source: the repository to copy from.
        target: the repository to copy to.

    Raises:
        ConflictError: the object formats differ, or the target has other refs of batchhook.
    """
    formats = [git.text("rev-parse", "--show-object-format") for git in (source, target)]
    if formats[0] != formats[1]:
        raise ConflictError(
            f"the recorded history uses {formats[0]} and this repository {formats[1]}: it cannot be imported",
            f"git init --object-format={formats[0]}",
        )
    theirs = _refs(source)
    foreign = sorted(name for name, oid in _refs(target).items() if theirs.get(name) != oid)
    if foreign:
        raise ConflictError(
            f"this repository has refs of another batchhook ({foreign[0]}): nothing was imported",
            "if they are not needed, delete each ref that git for-each-ref refs/batchhook lists with git update-ref -d",
        )


def fetch(source: Path, target: Git, common_dir: Path) -> None:
    """Fetch all of batchhook's refs from a git dir on this machine, atomically.

    Args:
        source: the git dir to copy from.
        target: the repository to copy to; no other process may write batchhook's refs there.
        common_dir: the target's.

    Raises:
        GitError: a repository cannot be read or written, or refs are missing afterwards.
    """
    for lock in (common_dir / PREFIX).rglob("*.lock"):
        lock.unlink(missing_ok=True)  # left by a git that was killed
    mapping = f"+{PREFIX}*:{PREFIX}*"
    options = (*_FETCH_OPTIONS, f"--upload-pack={_UPLOAD_PACK}")
    target.run(*_LENIENT_CONFIG, "fetch", *options, str(source), mapping, variables={"GIT_ALLOW_PROTOCOL": "file"})
    missing = _refs(Git(source, target.environment, git_dir=source)).items() - _refs(target).items()
    if missing:
        raise GitError(f"git did not fetch {min(missing)[0]}", "see what hides it: git config --get-regexp hiderefs")


def _refs(git: Git) -> dict[str, str]:
    rows = git.text("for-each-ref", "--format=%(refname) %(objectname)", PREFIX).splitlines()
    return dict(row.split(" ") for row in rows)
