"""Rollback terms and rules: what is reverted and how, and what happens to HEAD and to each file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from batchhook.core.commit import TRAILER, Commit
from batchhook.core.sanitize import one_line
from batchhook.errors import ConflictError, UsageError

_RANGE = re.compile(r"(\d{1,9})(?:\.\.(\d{1,9}))?")


class RollbackMode(str, Enum):
    """Reach of a rollback: the files only, a commit on top, or the branch itself."""

    FILES = "files"
    """Change the work tree and the index; HEAD stays."""

    COMMIT = "commit"
    """Add one commit on top of HEAD."""

    RESET = "reset"
    """Move the branch back to the base of the first batch."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Selection of changes to roll back.

    Attributes:
        batches: ids of the batches concerned, in order; empty if all changes belong to an open batch.
        changes: oids of the changes, oldest first; empty for all changes of the batches.
        paths: files and folders relative to the top of the work tree; empty for all.
    """

    batches: tuple[int, ...]
    changes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """Short description, to be used within a sentence."""
        if self.changes:
            subject = ", ".join(oid[:8] for oid in self.changes)
        elif len(self.batches) > 1:
            subject = f"batches {self.batches[0]} to {self.batches[-1]}"
        else:
            subject = "".join(f"batch {batch}" for batch in self.batches)
        if not self.paths:
            return subject
        return f"{subject} in {', '.join(one_line(path) or '.' for path in self.paths)}"

    @property
    def full_description(self) -> str:
        """Description that also names the batches of single changes."""
        if not self.changes or not self.batches:
            return self.description
        return f"{self.description} (of batch {', '.join(map(str, self.batches))})"


def parse_batch_range(text: str) -> tuple[int, int] | None:
    """Return the first and last batch of ``3`` or ``3..5``; None if the text has neither form.

    Raises:
        UsageError: the range is reversed, or contains batch 0.
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    if not 0 < first <= last:
        raise UsageError(f"invalid range of batches: {text}", "3 for one batch, 3..5 for three")
    return first, last


class HeadUpdate(Enum):
    """Effect of an operation on HEAD and the branch."""

    STAY = "stay"
    MOVE = "move"
    """Move the branch, or a detached HEAD, to another commit."""

    COMMIT = "commit"
    """Commit on top of HEAD."""


def choose_head_update(
    mode: RollbackMode, head: str, before: str, after: str, *, is_on_other_branches: bool
) -> HeadUpdate:
    """Choose how to revert what an operation did to HEAD.

    Args:
        mode: of the rollback at the operation's root.
        head: oid of HEAD now.
        before: oid of HEAD before the operation.
        after: oid of HEAD after the operation.
        is_on_other_branches: whether commits that would leave the branch are on other branches.

    Raises:
        ConflictError: the branch cannot be moved, and the mode does not allow a commit.
    """
    if mode is RollbackMode.FILES or before == after:
        return HeadUpdate.STAY
    if head == after and not is_on_other_branches:
        return HeadUpdate.MOVE
    if mode is RollbackMode.COMMIT:
        return HeadUpdate.COMMIT
    if head != after:
        raise ConflictError(
            "the branch has moved on since; nothing was changed",
            f"keep the old commits with git branch rescued {before[:12]}; or move the branch to {after[:12]} first",
        )
    raise ConflictError(
        "commits that would leave the branch are also on other branches; nothing was changed",
        "move it anyway: batchhook rollback N --reset --force",
    )


@dataclass(frozen=True, slots=True)
class CommitMessageEntry:
    """One operation in the message of a rollback commit.

    Attributes:
        number: id of the operation.
        selection: the changes that it reverted or reapplied.
        changes: oids of all these changes, oldest first.
        reapplies: whether it reapplied them, as an undo does.
    """

    number: int
    selection: Selection
    changes: tuple[str, ...] = ()
    reapplies: bool = False


def commit_message(entries: Sequence[CommitMessageEntry], subjects: Mapping[str, str]) -> str:
    """Return the message of a commit that contains the given operations.

    Args:
        entries: in order.
        subjects: one-line subjects of changes, by oid.
    """
    reverted = [entry.selection.description for entry in entries if not entry.reapplies]
    reapplied = [entry.selection.description for entry in entries if entry.reapplies]
    verbs = (("revert", reverted), ("reapply", reapplied))
    title = " and ".join(f"{verb} {', '.join(selections)}" for verb, selections in verbs if selections)
    listed = {oid: None for entry in entries for oid in entry.changes if oid in subjects}
    body = "".join(f"    {oid[:12]} {subjects[oid]}\n" for oid in listed)
    trailers = "".join(f"{TRAILER}: {entry.number}\n" for entry in entries)
    return "\n".join(part for part in (f"{title[:1].upper()}{title[1:]}\n", body, trailers) if part)


@dataclass(frozen=True, slots=True)
class TreeDelta:
    """A difference to revert: merging it leads from tree ``new`` back to tree ``old`` (hex object names)."""

    new: str
    old: str


def deltas_to_revert(changes: Sequence[Commit]) -> tuple[TreeDelta, ...]:
    """Return the deltas that revert some changes, newest first.

    Consecutive changes form one delta. Where another commit came between (a pull, a merged branch), it stays in place
    and the changes before it form a delta of their own.

    Args:
        changes: oldest first.
    """
    deltas: list[TreeDelta] = []
    for change in reversed(changes):
        if deltas and deltas[-1].old == change.tree:
            deltas[-1] = TreeDelta(new=deltas[-1].new, old=change.base_tree)
        else:
            deltas.append(TreeDelta(new=change.tree, old=change.base_tree))
    return tuple(deltas)


class FileAction(str, Enum):
    """Effect of a rollback on one file."""

    RESTORED = "restored"
    """Gets exactly the content that it had before the batch."""

    MERGED = "merged"
    """Loses the batch's edits and keeps later ones."""

    RECREATED = "recreated"
    """Exists again; the batch had deleted it."""

    DELETED = "deleted"
    """Is deleted; the batch had added it."""


@dataclass(frozen=True, slots=True)
class FilePlan:
    """Planned effect on one file; the path is relative to the top of the work tree."""

    path: str
    action: FileAction


def file_action(current: str, planned: str, original: str) -> FileAction:
    """Return the effect of a rollback on a file.

    Args:
        current: blob oid in the work tree; empty if the file does not exist.
        planned: blob oid after the rollback; empty if the file will not exist.
        original: blob oid before the batch.
    """
    if not planned:
        return FileAction.DELETED
    if not current:
        return FileAction.RECREATED
    return FileAction.RESTORED if planned == original else FileAction.MERGED


class AutoRollbackStatus(str, Enum):
    """Extent to which an automatic rollback was carried out."""

    REFUSED = "refused"
    """Impossible, or the check failed."""

    PROPOSED = "proposed"
    """Prepared, and checked to fix what is broken."""

    APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class AutoRollbackResult:
    """Result of an automatic rollback after a critical failure (setting ``auto_rollback``).

    Attributes:
        changes: oids of the changes to revert, oldest first; empty if refused.
        reason: why it was refused, or only proposed although it should have been applied; else empty.
        operation: id of the rollback; 0 unless applied.
    """

    status: AutoRollbackStatus
    changes: tuple[str, ...] = ()
    reason: str = ""
    operation: int = 0

    def summary(self, batch: int) -> str:
        """Return the result in one line."""
        changes = ", ".join(oid[:8] for oid in self.changes)
        if self.status is AutoRollbackStatus.REFUSED:
            return f"no automatic rollback of batch {batch}: {self.reason}"
        if self.status is AutoRollbackStatus.APPLIED:
            return (
                f"reverted {changes} in the work tree; a run showed that this fixes the tests {changes} broke"
                " (to reverse: batchhook undo)"
            )
        why = f"; not applied automatically: {self.reason}" if self.reason else ""
        return (
            f"reverting {changes} fixes the tests {changes} broke; to do so: batchhook rollback {batch} --culprit{why}"
        )
