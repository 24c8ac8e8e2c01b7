"""Attach texts to commits with ``git notes``, under a ref of our own."""

from __future__ import annotations

from batchhook.git.command import Git
from batchhook.git.snapshot import IDENTITY

REF = "refs/notes/batchhook"
"""The notes ref; push and fetch it by this name."""


def write(git: Git, commit: str, text: str) -> None:
    """Attach a text to a commit, replacing an earlier one.

    Raises:
        GitError: git cannot write.
    """
    stdin = text.encode()
    git.run("notes", f"--ref={REF}", "add", "--force", "--file=-", commit, stdin=stdin, variables=IDENTITY)


def nearest(git: Git, commit: str) -> tuple[str, str] | None:
    """Find the nearest commit with a note, walking back from a commit; return its oid and text, or None.

    Raises:
        GitError: there is no such commit, or git cannot read.
    """
    listed = git.run("notes", f"--ref={REF}", "list", check=False).stdout.decode("ascii", "replace")
    notes = {oid: note for note, oid in (line.split() for line in listed.splitlines())}
    if not notes:
        return None
    oid = next((name for name in git.text("rev-list", commit).split() if name in notes), "")
    return (oid, git.run("cat-file", "blob", notes[oid]).stdout.decode("utf-8", "replace")) if oid else None
