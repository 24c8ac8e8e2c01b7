"""Carrying a restoration out: copy what is replaced, record the intent, and only then touch a file."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from batchhook.core.operations import find_interrupted, find_undo_target
from batchhook.errors import BatchhookError, ConflictError, GitError
from batchhook.git import empty_dirs, preflight, snapshot
from batchhook.store import locks, operations
from batchhook.store.restorations import NO_FILE, ReplacedFile, Restoration, RestorationStore
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.interrupted import describe
from batchhook.workflow.context.project import Project
from batchhook.workflow.restore.plan import Replacement, RestorePlan, plan_rollback, plan_undo, temporary_name
from batchhook.workflow.restore.safe_files import SafeFiles


@dataclass(frozen=True, slots=True)
class PreparedRestore:
    """A plan that can be carried out inside the block that prepared it."""

    plan: RestorePlan
    project: Project

    def execute(self) -> Restoration:
        """Copy everything that is replaced, record the intent, act, and mark it done.

        Raises:
            ConflictError: a file was changed just now; copies of what was replaced before it are kept.
            OSError: the disk is full, or a permission is missing; as before.
        """
        store, plan, files = RestorationStore(self.project.state.restorations), self.plan, self._files
        number = store.next_number()
        copies = store.replaced_contents(number)
        (store.root / str(number)).mkdir(mode=0o700, parents=True)
        for each in plan.replaced:
            if each.before.mode and files.copy_content(each.path, copies) != each.before.sha256:
                raise _changed(each)
        restoration = self._restoration(number, "intent")
        store.save(restoration)
        _replace_files(files, plan.replaced, number)
        empty_dirs.recreate(files.top, plan.emptied_folders)
        restoration = restoration.model_copy(update={"status": "done"})
        store.save(restoration)
        return restoration

    @property
    def _files(self) -> SafeFiles:
        return SafeFiles(self.project.location.top)

    def _restoration(self, number: int, status: Literal["intent", "done"]) -> Restoration:
        top, replaced = self.project.location.top, self.plan.replaced
        new_paths = [each.path for each in replaced if each.after.mode and not each.before.mode]
        return Restoration(
            number=number,
            batch=self.plan.batch,
            undoes=self.plan.undoes,
            top=os.fsencode(top).hex(),
            status=status,
            started_at=time.time(),
            files=tuple(ReplacedFile.for_path(each.path, each.before, each.after) for each in replaced),
            folders=tuple(os.fsencode(path).hex() for path in empty_dirs.find_affected(top, new_paths)),
        )


@contextmanager
def prepare_restore(project: Project, number: int, *, force: bool = False) -> Iterator[PreparedRestore]:
    """Plan to restore a batch's files from its backup alone; it can be carried out inside the block.

    Args:
        project: the repository.
        number: of the batch.
        force: restore files that were changed since, too.

    Raises:
        StoreError: there is no backup, or the needed part of it is damaged.
        ConflictError: files were changed since, something is in the way, a path leads out of the work tree, the disk is
            full, a permission is missing, or another process is at work here.
    """
    with _exclusive(project) as scratch:
        yield _check_resources(PreparedRestore(plan_rollback(project, number, force=force, scratch=scratch), project))


@contextmanager
def prepare_restore_undo(project: Project, number: int = 0, *, force: bool = False) -> Iterator[PreparedRestore]:
    """Plan to bring back what the latest restoration replaced; it can be carried out inside the block.

    Args:
        project: the repository.
        number: the restoration that has to be the latest one; 0 for any.
        force: replace files that were changed since, too.

    Raises:
        BatchhookError: there is none, or it is another one.
        StoreError, ConflictError: as for ``prepare_restore``.
    """
    with _exclusive(project):
        yield _check_resources(PreparedRestore(plan_undo(project, number, force=force), project))


def is_next_undo(project: Project) -> bool:
    """Return whether the latest thing to undo in this work tree is a restoration, not an operation."""
    if not project.state.restorations.is_dir():
        return False
    top = os.fspath(project.location.top)
    restoration = RestorationStore(project.state.restorations).find_undoable(top)
    if restoration is None:
        return False
    try:
        operation = find_undo_target(operations.list_all(project.database), top)
    except BatchhookError:
        return True
    return operation.started_at < restoration.started_at


@contextmanager
def suggest_backup(state: StateDir, number: int) -> Iterator[None]:
    """Add to an error of git inside the block that the batch's backup may help, if there is one and no other hint."""
    try:
        yield
    except GitError as error:
        has_backup = (state.backups / f"batch_{number}" / "manifest.json").exists()
        hint = f"batchhook rollback {number} --from-backup restores the files from copies, without git's objects"
        raise GitError(error.message, error.hint or (hint if has_backup else "")) from error


@contextmanager
def _exclusive(project: Project) -> Iterator[Path]:
    """Keep other batchhook processes out of this repository for the length of a block.

    Yields:
        a folder for temporary contents.

    Raises:
        ConflictError: another batchhook or git is at work here, or an operation was interrupted.
    """
    with locks.try_lock(project.state.operation_lock) as is_free:
        if not is_free:
            raise ConflictError("another batchhook is at work here", "wait until it has ended")
        in_progress = snapshot.operation_in_progress(project.location)
        if in_progress:
            raise ConflictError(f"{in_progress} is under way", "finish or abort it first: git status")
        pending = find_interrupted(operations.list_all(project.database), os.fspath(project.location.top))
        if pending is not None:
            raise ConflictError(*describe(pending))
        _remove_leftovers(project)
        with tempfile.TemporaryDirectory(prefix="restoring-", dir=project.state.root) as folder:
            yield Path(folder)


def _remove_leftovers(project: Project) -> None:
    """Remove what a kill left behind: scratch folders, and temporary files beside the user's."""
    for folder in project.state.root.glob("restoring-*"):
        shutil.rmtree(folder, ignore_errors=True)
    top = project.location.top
    for restoration in RestorationStore(project.state.restorations).list_all():
        if restoration.status == "intent" and bytes.fromhex(restoration.top) == os.fsencode(top):
            for index, file in enumerate(restoration.files):
                SafeFiles(top).remove_temporary(file.name, temporary_name(restoration.number, index))


def _check_resources(prepared: PreparedRestore) -> PreparedRestore:
    """Check permissions, and disk space for the files and for copies of what they replace."""
    replaced, top = prepared.plan.replaced, prepared.project.location.top
    preflight.check_permissions(top, [each.path for each in replaced])
    preflight.check_disk_space(top, sum(each.after.size for each in replaced))
    preflight.check_disk_space(prepared.project.state.root, sum(each.before.size for each in replaced))
    return prepared


def _replace_files(files: SafeFiles, replaced: Sequence[Replacement], number: int) -> None:
    """Remove files first, then write: a folder may take the place of a file, and the other way round."""
    for each in replaced:
        if not each.after.mode:
            _check_unchanged(files, each)
            files.remove(each.path)
    for index, each in enumerate(replaced):
        if each.after.mode:
            _check_unchanged(files, each)
            files.write(each.path, each.after, each.content, temporary_name(number, index))


def _check_unchanged(files: SafeFiles, replacement: Replacement) -> None:
    if (files.read_state(replacement.path) or NO_FILE) != replacement.before:
        raise _changed(replacement)


def _changed(replacement: Replacement) -> ConflictError:
    return ConflictError(
        f"{replacement.path} was changed just now", "batchhook undo takes back what was done; then try again"
    )
