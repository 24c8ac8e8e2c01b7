"""Import of a shadow repository into the git repository that was created around it.

A kill at any moment loses nothing, and a second call goes on: the shadow repository stays whole until the copy is.
First the objects are fetched with their refs; then the state folder is copied under a temporary name, and renamed.
Last, the shadow repository is renamed, so that it is not found any more.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from batchhook.errors import BatchhookError, ConflictError
from batchhook.git import history, ref_transfer, shadow_repo
from batchhook.git.command import Git
from batchhook.git.location import Location, read_head
from batchhook.store import db_import, locks
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir

_COPIED = ("backups", "reports", "restorations", "notices", "plugins", "batchhook.log", "plugins.log", "python.json")
"""Entries of the state folder that are copied beside the database; the others are recreated when needed."""


@dataclass(frozen=True, slots=True)
class ImportedHistory:
    """The history that was imported.

    Attributes:
        batches: number of sealed batches.
        records: number of recorded changes.
        archive: the shadow repository's new path; batchhook does not need it any more.
    """

    batches: int
    records: int
    archive: Path


def import_shadow_repo(location: Location, git: Git, environment: Mapping[str, str]) -> ImportedHistory:
    """Import what was recorded before there was a git repository.

    Args:
        location: of the git repository, in whose top folder the shadow repository is.
        git: in it.
        environment: the caller's.

    Raises:
        ConflictError: batchhook is at work there; the repository has a history of its own; or the shadow repository was
            committed, so that it may be someone else's.
        BatchhookError: something cannot be read or written; a second call goes on.
    """
    git_dir = shadow_repo.git_dir_for(location.top)
    shadow_repo.check_owner(location.top, environment)
    if git.run("ls-files", "-z", "--", shadow_repo.FOLDER).stdout:
        raise ConflictError(
            f"{shadow_repo.FOLDER} is tracked in this repository and may be someone else's: batchhook does not open it",
            f"if you committed it by mistake: git rm -r --cached {shadow_repo.FOLDER}",
        )
    shadow = Location(location.top, git_dir, git_dir, is_shadow=True)
    try:
        # A git that outlives this process keeps the lock, and the next import out.
        with _lock_everything(shadow) as descriptor, git.inheriting(descriptor):
            batches, records = _copy(shadow, location, git, environment)
            archive = git_dir.with_name(time.strftime("imported-%Y%m%d-%H%M%S"))
            git_dir.rename(archive)
    except OSError as error:
        raise BatchhookError(f"cannot write {error.filename}: {error.strerror}", "then: batchhook install") from error
    return ImportedHistory(batches, records, archive)


@contextmanager
def _lock_everything(shadow: Location) -> Iterator[int]:
    """Hold every lock of the shadow repository for the length of a block.

    Yields:
        the descriptor of one of them.

    Raises:
        ConflictError: batchhook is at work there.
    """
    state = StateDir.for_repository(shadow.common_dir)
    known = (state.recording_lock, state.runner_lock, state.dispatcher_lock, state.operation_lock, state.backups_lock)
    existing = (*state.root.glob("*.lock"), *state.worktrees.glob("*.lock"), *shadow.git_dir.glob("batchhook-*.lock"))
    with ExitStack() as stack:
        descriptors = []
        for path in dict.fromkeys((*known, *existing)):
            descriptor = stack.enter_context(locks.try_lock_fd(path))
            if descriptor is None:
                raise ConflictError(
                    f"batchhook is at work on what was recorded without git ({path.stem}); nothing was changed",
                    "quit batchhook watch, and wait until tests have ended; then: batchhook install",
                )
            descriptors.append(descriptor)
        yield descriptors[0]


def _copy(shadow: Location, location: Location, git: Git, environment: Mapping[str, str]) -> tuple[int, int]:
    """Copy everything, unless an earlier call did; return the numbers of batches and recorded changes."""
    state = StateDir.for_repository(location.common_dir)
    with closing(Database(StateDir.for_repository(shadow.common_dir).database)) as source:
        if state.is_installed():
            _check_is_copy(source, state, shadow.git_dir)
        else:
            shadow_git = shadow.git(environment)
            ref_transfer.check_transferable(shadow_git, git)
            ref_transfer.fetch(shadow.git_dir, git, location.common_dir)
            _copy_state(source, shadow, location, read_head(shadow_git, shadow).branch, git)
        return db_import.count_batches_and_records(source)


def _check_is_copy(source: Database, state: StateDir, git_dir: Path) -> None:
    with closing(Database(state.database)) as database:
        if not db_import.is_copy(source, database):
            raise ConflictError(
                f"this repository has a history of its own; what was recorded in {git_dir} cannot be added to it",
                f"move that folder away, if you do not need it; or {state.root}, to import that folder instead",
            )


def _copy_state(source: Database, shadow: Location, location: Location, branch: str, git: Git) -> None:
    """Copy the state folder under a temporary name, and rename it when it is complete."""
    old, new = StateDir.for_repository(shadow.common_dir), StateDir.for_repository(location.common_dir)
    staged = StateDir(new.root.with_name(f"{new.root.name}.importing"))
    shutil.rmtree(staged.root, ignore_errors=True)  # a killed import may have left it
    staged.create()
    for name in _COPIED:
        entry = old.root / name
        if entry.is_dir():
            shutil.copytree(entry, staged.root / name, symlinks=True, dirs_exist_ok=True)
        elif entry.exists():
            shutil.copy2(entry, staged.root / name)
    db_import.copy_database(source, staged.database)
    head = read_head(git, location)
    with closing(Database(staged.database)) as database:
        db_import.attach_to_branch(database, branch, head.branch, head.oid, history.branch_heads(git))
    if new.root.exists():  # a folder without a database
        _move_aside(new.root)
    staged.root.rename(new.root)


def _move_aside(folder: Path) -> None:
    """Rename a state folder; remove it if it holds only locks and logs."""
    if all(path.is_dir() or path.suffix in {".lock", ".log"} for path in folder.rglob("*")):
        shutil.rmtree(folder)
    else:
        folder.rename(folder.with_name(time.strftime(f"{folder.name}.aside-%Y%m%d-%H%M%S")))
