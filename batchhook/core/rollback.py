"""What going back means: what is taken out and how, which states are exchanged, what becomes of each file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from batchhook.core.changes import Commit
from batchhook.core.sanitize import one_line
from batchhook.errors import ConflictError, UsageError

_RANGE = re.compile(r"(\d{1,9})(?:\.\.(\d{1,9}))?")


class Mode(str, Enum):
    """How a rollback is done."""

    FILES = "files"
    """In the work tree and the index; no commit is made, and HEAD stays."""

    COMMIT = "commit"
    """By one commit on what is checked out."""

    RESET = "reset"
    """By moving the branch back to before the first batch."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a rollback takes out.

    Attributes:
        batches: numbers of the batches that it is about, in order; none where all changes are of an open one.
        changes: names of the changes, oldest first, where it is only some of them; empty for all.
        paths: files and folders, relative to the repository's top, where it is only these; empty for all.
    """

    batches: tuple[int, ...]
    changes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """Its name in a sentence."""
        if self.changes:
            what = ", ".join(oid[:8] for oid in self.changes)
        elif len(self.batches) > 1:
            what = f"batches {self.batches[0]} to {self.batches[-1]}"
        else:
            what = "".join(f"batch {batch}" for batch in self.batches)
        return f"{what} in {', '.join(one_line(path) or '.' for path in self.paths)}" if self.paths else what

    @property
    def whence(self) -> str:
        """Its name, with the batches where it is about some of their changes."""
        if not self.changes or not self.batches:
            return self.what
        return f"{self.what} (of batch {', '.join(map(str, self.batches))})"


def batch_range(text: str) -> tuple[int, int] | None:
    """The first and the last batch that ``3`` or ``3..5`` means; None where it is neither.

    Raises:
        UsageError: a range that goes backwards, or a batch 0.
    """
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    first, last = int(found[1]), int(found[2] or found[1])
    if not 0 < first <= last:
        raise UsageError(f"{text} names no batches", "3 for one batch, 3..5 for three")
    return first, last


def within(path: str, paths: Iterable[str]) -> bool:
    """Whether a path is one of these files, or in one of these folders; the folder ``""`` is the top."""
    return any(not each or path == each or path.startswith(f"{each}/") for each in paths)


class HeadWay(Enum):
    """What becomes of HEAD."""

    STAY = "stay"
    MOVE = "move"
    """It, or the branch, is moved to another commit."""

    COMMIT = "commit"
    """A commit is made on it."""


def head_way(mode: Mode, head: str, before: str, after: str, *, is_elsewhere: bool) -> HeadWay:
    """How to take back what an operation did to HEAD.

    Args:
        mode: of the rollback that it is about in the end.
        head: where HEAD is.
        before: where the operation had found it.
        after: where the operation had left it.
        is_elsewhere: whether commits that would leave the branch are on others, too.

    Raises:
        ConflictError: the branch cannot be moved, and a commit is not what was asked for.
    """
    if mode is Mode.FILES or before == after:
        return HeadWay.STAY
    if head == after and not is_elsewhere:
        return HeadWay.MOVE
    if mode is Mode.COMMIT:
        return HeadWay.COMMIT
    if head != after:
        raise ConflictError(
            "the branch has moved on since; nothing was touched",
            f"git branch rescued {before[:12]} gives what it was a name; or move it back to {after[:12]} first",
        )
    raise ConflictError(
        "commits that would leave the branch are on others, too; nothing was touched",
        "batchhook rollback N --reset --force, if that is what you want",
    )


TRAILER = "Batchhook-Operation"
"""The line at the end of a message that marks a commit as a rollback (or an undo): such a commit fills no batch."""

_MARK = re.compile(rf"{TRAILER}: *(\d{{1,9}})")


def marks(message: str) -> tuple[int, ...]:
    """Numbers of the operations that a commit's message names in its last paragraph."""
    last = message.rstrip().rpartition("\n\n")[2]
    return tuple(int(found[1]) for line in last.splitlines() if (found := _MARK.fullmatch(line.strip())))


@dataclass(frozen=True, slots=True)
class Entry:
    """What an operation did, as a message tells it.

    Attributes:
        number: the operation's.
        selection: what it took out, or brought back.
        changes: names of all of its changes, oldest first.
        is_back: whether it brought something back.
    """

    number: int
    selection: Selection
    changes: tuple[str, ...] = ()
    is_back: bool = False


def commit_message(entries: Sequence[Entry], subjects: Mapping[str, str]) -> str:
    """The message of a commit that holds what these operations did.

    Args:
        entries: in order.
        subjects: of changes, on one line each, by name.
    """
    taken = [entry.selection.what for entry in entries if not entry.is_back]
    back = [entry.selection.what for entry in entries if entry.is_back]
    parts = [f"{verb} {', '.join(what)}" for verb, what in (("take out", taken), ("bring back", back)) if what]
    title = " and ".join(parts)
    listed = {oid: None for entry in entries for oid in entry.changes if oid in subjects}
    body = "".join(f"    {oid[:12]} {subjects[oid]}\n" for oid in listed)
    trailers = "".join(f"{TRAILER}: {entry.number}\n" for entry in entries)
    return "\n".join(part for part in (f"{title[:1].upper()}{title[1:]}\n", body, trailers) if part)


@dataclass(frozen=True, slots=True)
class Step:
    """A difference to be taken out of the present state: what leads from ``new`` back to ``old``; tree names."""

    new: str
    old: str


def steps_back(changes: Sequence[Commit]) -> tuple[Step, ...]:
    """The differences that take changes out, newest first.

    Changes that follow each other make one step; where something else came between (a pull, a merged branch), that
    stays, and the changes before it are a step of their own.

    Args:
        changes: oldest first.
    """
    steps: list[Step] = []
    for change in reversed(changes):
        if steps and steps[-1].old == change.tree:
            steps[-1] = Step(new=steps[-1].new, old=change.base_tree)
        else:
            steps.append(Step(new=change.tree, old=change.base_tree))
    return tuple(steps)


class Fate(str, Enum):
    """What becomes of a file."""

    RESTORED = "restored"
    """It gets back the content that it had."""

    MERGED = "merged"
    """It loses what the batch did, and keeps what was done since."""

    RECREATED = "recreated"
    """It was deleted by the batch, and is there again."""

    REMOVED = "removed"
    """It was added by the batch, and is gone."""


@dataclass(frozen=True, slots=True)
class FileFate:
    """What becomes of one file; its path is relative to the repository's top."""

    path: str
    fate: Fate


def fate_of(now: str, then: str, before: str) -> Fate:
    """What becomes of a file.

    Args:
        now: its content's name in the work tree; empty where it does not exist.
        then: what it will be.
        before: what it was before the batch.
    """
    if not then:
        return Fate.REMOVED
    if not now:
        return Fate.RECREATED
    return Fate.RESTORED if then == before else Fate.MERGED


class WayBackStatus(str, Enum):
    """What became of a way back that batchhook was to find by itself."""

    REFUSED = "refused"
    PROPOSED = "proposed"
    """It is prepared, and it is proven that it mends what is broken."""

    APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class WayBack:
    """A way back from a critical failure that was looked for by itself (setting ``auto_rollback``).

    Attributes:
        changes: names of the changes that are taken out, oldest first; empty where it was refused.
        reason: why it was refused, or was proposed only where it was to be applied; empty for neither.
        operation: the number of the rollback; 0 where it was not applied.
    """

    status: WayBackStatus
    changes: tuple[str, ...] = ()
    reason: str = ""
    operation: int = 0

    def summary(self, batch: int) -> str:
        """What became of it, in a line."""
        changes = ", ".join(oid[:8] for oid in self.changes)
        if self.status is WayBackStatus.REFUSED:
            return f"no way back by itself from batch {batch}: {self.reason}"
        if self.status is WayBackStatus.APPLIED:
            return f"took {changes} out of the work tree, once it was proven that this mends it (batchhook undo)"
        why = f"; not done by itself: {self.reason}" if self.reason else ""
        return f"it is proven that taking {changes} out mends it: batchhook rollback {batch} --culprit{why}"
