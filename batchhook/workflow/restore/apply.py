"""Carrying a plan out: what is replaced is kept, the intent is written down, and only then a file is touched."""

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

from batchhook.core.operations import interrupted
from batchhook.errors import ConflictError
from batchhook.git import empty_dirs, preflight, snapshot
from batchhook.store import locks, operations
from batchhook.store.restorations import NOTHING, Kept, KeptFile, Restoration
from batchhook.workflow.context.interrupted import said_of
from batchhook.workflow.context.project import Project
from batchhook.workflow.restore.plan import Plan, Replacement, plan_rollback, plan_undo, temporary_name
from batchhook.workflow.restore.safe_files import Places


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that can be carried out as long as its block lasts."""

    plan: Plan
    project: Project

    def carry_out(self) -> Restoration:
        """Keep all that is replaced, write the intent down, act, and mark it done.

        Raises:
            ConflictError: a file was changed meanwhile; what was replaced before that is kept.
            OSError: no room, no permission; as before.
        """
        kept, plan, places = Kept(self.project.state.kept), self.plan, Places(self.project.location.top)
        number = kept.next_number()
        copies = kept.copies(number)
        (kept.root / str(number)).mkdir(mode=0o700, parents=True)
        for one in plan.replaced:
            if one.now.mode and places.keep(one.path, copies) != one.now.sha256:
                raise _changed(one)
        restoration = self._restoration(number, "intent")
        kept.write(restoration)
        _act(places, plan.replaced, number)
        empty_dirs.make_again(places.top, plan.emptied)
        restoration = restoration.model_copy(update={"status": "done"})
        kept.write(restoration)
        return restoration

    def _restoration(self, number: int, status: Literal["intent", "done"]) -> Restoration:
        top = self.project.location.top
        return Restoration(
            number=number,
            batch=self.plan.batch,
            undoes=self.plan.undoes,
            top=os.fsencode(top).hex(),
            status=status,
            started_at=time.time(),
            files=tuple(KeptFile.at(one.path, one.now, one.then) for one in self.plan.replaced),
            folders=tuple(os.fsencode(path).hex() for path in empty_dirs.to_be_filled(top, self._coming())),
        )

    def _coming(self) -> list[str]:
        return [one.path for one in self.plan.replaced if one.then.mode and not one.now.mode]


@contextmanager
def planned_rollback(project: Project, number: int, *, force: bool = False) -> Iterator[Planned]:
    """Plan to bring the files of a batch back from its backup alone, for the length of a block.

    Args:
        project: the repository.
        number: the batch's.
        force: also files that were changed since.

    Raises:
        StoreError: there is no backup, or what of it is needed is damaged.
        ConflictError: files were changed since, something is in the way, a path leads out of the work tree, there is
            no room or no permission, or somebody is at work here.
    """
    with _at_peace(project) as scratch:
        yield _possible(Planned(plan_rollback(project, number, force=force, scratch=scratch), project))


@contextmanager
def planned_undo(project: Project, number: int = 0, *, force: bool = False) -> Iterator[Planned]:
    """Plan to bring back what the latest restoration has replaced, for the length of a block.

    Args:
        project: the repository.
        number: which one that has to be; 0 for any.
        force: also files that were changed since.

    Raises:
        BatchhookError: there is none, or it is another one.
        StoreError, ConflictError: as for ``planned_rollback``.
    """
    with _at_peace(project):
        yield _possible(Planned(plan_undo(project, number, force=force), project))


@contextmanager
def _at_peace(project: Project) -> Iterator[Path]:
    """Nobody of us at work in this repository, and git in the middle of nothing, for the length of a block.

    Yields:
        a folder for contents on their way.

    Raises:
        ConflictError: somebody is, or git is; or an operation was interrupted.
    """
    with locks.try_lock(project.state.operation_lock) as free:
        if not free:
            raise ConflictError("another batchhook is at work here", "wait until it has ended")
        under_way = snapshot.what_is_under_way(project.location)
        if under_way:
            raise ConflictError(f"{under_way} is under way", "finish or abort it first: git status")
        torn = interrupted(operations.all_of(project.database), os.fspath(project.location.top))
        if torn is not None:
            raise ConflictError(*said_of(torn))
        _sweep(project)
        with tempfile.TemporaryDirectory(prefix="restoring-", dir=project.state.root) as folder:
            yield Path(folder)


def _sweep(project: Project) -> None:
    """Remove what a kill left behind: folders of ours, and files that were being written beside the user's."""
    for folder in project.state.root.glob("restoring-*"):
        shutil.rmtree(folder, ignore_errors=True)
    top = project.location.top
    for one in Kept(project.state.kept).all():
        if one.status == "intent" and bytes.fromhex(one.top) == os.fsencode(top):
            for index, file in enumerate(one.files):
                Places(top).forget(file.name, temporary_name(one.number, index))


def _possible(planned: Planned) -> Planned:
    """See that there is room, for the files and for what they replace, and permission."""
    replaced, top = planned.plan.replaced, planned.project.location.top
    preflight.check_permissions(top, [one.path for one in replaced])
    preflight.check_room(top, sum(one.then.size for one in replaced))
    preflight.check_room(planned.project.state.root, sum(one.now.size for one in replaced))
    return planned


def _act(places: Places, replaced: Sequence[Replacement], number: int) -> None:
    """Remove what goes, and then put what comes: a folder may take a file's place, and the other way round."""
    for one in replaced:
        if not one.then.mode:
            _check_still(places, one)
            places.remove(one.path)
    for index, one in enumerate(replaced):
        if one.then.mode:
            _check_still(places, one)
            places.put(one.path, one.then, one.content, temporary_name(number, index))


def _check_still(places: Places, one: Replacement) -> None:
    if (places.look(one.path) or NOTHING) != one.now:
        raise _changed(one)


def _changed(one: Replacement) -> ConflictError:
    return ConflictError(
        f"{one.path} was changed just now", "batchhook undo takes back what was done, then do it again"
    )
