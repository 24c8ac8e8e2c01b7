"""A folder that was counted without git has become a git repository: its history goes into the git dir.

In an order in which a kill at any moment loses nothing: the old repository is whole until the new one is, and doing it
again goes on. First the objects with their refs, then the state folder under another name; with the rename of that it
is taken over. Then the old repository is renamed, too, so that nobody finds it any more.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from batchhook.errors import BatchhookError, ConflictError
from batchhook.git import history, ref_transfer, shadow_repo
from batchhook.git.command import Git
from batchhook.git.location import Location, read_head
from batchhook.store import db_import, locks
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir

_KEPT = ("backups", "reports", "kept", "notices", "plugins", "batchhook.log", "plugins.log")
"""What is taken along beside the database. All else is made anew, or nobody waits for it."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What was taken over.

    Attributes:
        batches: how many full batches.
        records: how many recorded changes.
        left: where the old repository is now; nobody needs it any more.
    """

    batches: int
    records: int
    left: Path


def take_over(location: Location, git: Git, environment: Mapping[str, str]) -> TakenOver:
    """Take over what was recorded before there was git.

    Args:
        location: of the git repository in whose top folder that was.
        git: in it.
        environment: the caller's.

    Raises:
        ConflictError: something of ours is at work there, or the repository has a history of its own, or what seems to
            be ours came with the repository.
        BatchhookError: it cannot be read or written; doing it again goes on.
    """
    git_dir = shadow_repo.git_dir_of(location.top)
    shadow_repo.check_owner(location.top, environment)
    if git.run("ls-files", "-z", "--", shadow_repo.FOLDER).stdout:
        raise ConflictError(
            f"{shadow_repo.FOLDER} is in this repository: others may have made it, and batchhook does not open it",
            f"if you committed it by mistake: git rm -r --cached {shadow_repo.FOLDER}",
        )
    old = Location(location.top, git_dir, git_dir, is_private=True)
    try:
        with _alone(old) as descriptor, git.handing_on(descriptor):  # a git that outlives us keeps the next one out
            totals = _copied(old, location, git, environment)
            left = git_dir.with_name(time.strftime("taken-over-%Y%m%d-%H%M%S"))
            git_dir.rename(left)
    except OSError as error:
        raise BatchhookError(f"cannot write {error.filename}: {error.strerror}", "then: batchhook install") from error
    return TakenOver(*totals, left)


@contextmanager
def _alone(old: Location) -> Iterator[int]:
    """Keep everything else of ours out for the length of a block.

    Yields:
        the descriptor of a lock that all of it asks for.

    Raises:
        ConflictError: something is at work.
    """
    state = StateDir.of(old.common_dir)
    known = (state.recording_lock, state.runner_lock, state.teller_lock, state.operation_lock, state.backups_lock)
    there = (*state.root.glob("*.lock"), *state.worktrees.glob("*.lock"), *old.git_dir.glob("batchhook-*.lock"))
    with ExitStack() as stack:
        descriptors = []
        for path in dict.fromkeys((*known, *there)):
            descriptor = stack.enter_context(locks.held(path))
            if descriptor is None:
                raise ConflictError(
                    f"batchhook is at work on what was recorded without git ({path.stem}); nothing was touched",
                    "quit batchhook watch, let tests come to their end, then: batchhook install",
                )
            descriptors.append(descriptor)
        yield descriptors[0]


def _copied(old: Location, new: Location, git: Git, environment: Mapping[str, str]) -> tuple[int, int]:
    """Copy everything, unless that was done before a kill; gives what ``moving.totals`` does."""
    source, state = Database(StateDir.of(old.common_dir).database), StateDir.of(new.common_dir)
    try:
        if state.exists():
            _check_is_copy(source, state, old.git_dir)
        else:
            before = old.git(environment)
            ref_transfer.check(before, git)
            ref_transfer.fetch(old.git_dir, git, new.common_dir)
            _copy_state(source, old, new, read_head(before, old).branch, git)
        return db_import.totals(source)
    finally:
        source.close()


def _check_is_copy(source: Database, state: StateDir, git_dir: Path) -> None:
    there = Database(state.database)
    try:
        if not db_import.are_one(source, there):
            raise ConflictError(
                f"this repository has a history of its own; what was recorded in {git_dir} cannot be added to it",
                f"move that folder away, if nobody needs it; or {state.root}, to take the other one over",
            )
    finally:
        there.close()


def _put_aside(folder: Path) -> None:
    """Keep a state folder that holds anything; one in which somebody only asked for a lock is made away with."""
    if all(path.is_dir() or path.suffix in {".lock", ".log"} for path in folder.rglob("*")):
        shutil.rmtree(folder)
    else:
        folder.rename(folder.with_name(time.strftime(f"{folder.name}.aside-%Y%m%d-%H%M%S")))


def _copy_state(source: Database, old: Location, new: Location, branch: str, git: Git) -> None:
    """Make the state folder under another name, and give it its place when it is whole."""
    theirs, state = StateDir.of(old.common_dir), StateDir.of(new.common_dir)
    staged = StateDir(state.root.with_name(f"{state.root.name}.taking-over"))
    shutil.rmtree(staged.root, ignore_errors=True)  # of one that was killed
    staged.create()
    for name in _KEPT:
        there = theirs.root / name
        if there.is_dir():
            shutil.copytree(there, staged.root / name, symlinks=True, dirs_exist_ok=True)
        elif there.exists():
            shutil.copy2(there, staged.root / name)
    db_import.copy(source, staged.database)
    head = read_head(git, new)
    database = Database(staged.database)
    try:
        db_import.settle(database, branch, head.branch, head.oid, history.branch_heads(git))
    finally:
        database.close()
    if state.root.exists():  # without a database: of nobody
        _put_aside(state.root)
    staged.root.rename(state.root)
