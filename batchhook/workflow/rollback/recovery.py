"""Operations that were interrupted: finished, or taken back.

What a kill leaves is a work tree in which each file is as it was before or as it was to be, but for one that git was
about to write: that is gone, or the beginning of either. Whatever else a file holds was done by its owner meanwhile,
and is kept. All that is found is pinned before anything is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from batchhook.core.operations import Operation, OperationStatus, interrupted, is_torn
from batchhook.core.rollback import Step
from batchhook.errors import BatchhookError, ConflictError
from batchhook.git import collisions, merge, snapshot, trees
from batchhook.git.command import Git
from batchhook.git.snapshot import State
from batchhook.workflow.context.project import Project
from batchhook.workflow.rollback.execute import Planned
from batchhook.workflow.rollback.plan import put_together
from batchhook.workflow.rollback.request import Target
from batchhook.workflow.rollback.worktree_session import Scene, entered


@contextmanager
def planned_end(project: Project, number: int, *, finish: bool) -> Iterator[Planned]:
    """Plan to bring an operation of this work tree to an end that was interrupted, for the length of a block.

    Args:
        project: the repository.
        number: the operation's; 0 for whichever was interrupted.
        finish: whether it is to be done; else it is taken back.

    Raises:
        BatchhookError: it was not interrupted.
        ConflictError: the same lines were changed since, HEAD has moved, or git is in the middle of something.
    """
    with entered(project, repairing=True) as scene:
        operation = interrupted(scene.past, scene.top)
        if operation is None or number not in {0, operation.id}:
            which = f"operation {number}" if number else "no operation"
            raise BatchhookError(f"{which} was {'not ' if number else ''}interrupted here", "batchhook operations")
        states = tuple(snapshot.read(project.git, oid) for oid in (operation.before, operation.after))
        whole = replace(scene, now=_with_ignored(scene, *states))
        before, after = states
        origin, goal = (before, after) if finish else (after, before)
        plan = put_together(whole, *_towards(whole, operation, origin, goal))
        yield Planned(plan, whole, operation, OperationStatus.DONE if finish else OperationStatus.TAKEN_BACK)


def _towards(scene: Scene, operation: Operation, origin: State, goal: State) -> tuple[Target, State]:
    """What is to be taken out of what was found, and what comes of it."""
    if origin.head != goal.head and scene.now.head not in {origin.head, goal.head}:
        raise ConflictError(
            f"HEAD has moved since operation {operation.id} was interrupted; nothing was touched",
            f"move it back first: git reset --soft {origin.head[:12]}",
        )
    target = Target(
        operation.kind,
        operation.mode,
        operation.selection,
        files=(Step(origin.files, goal.files),),
        index=(Step(origin.index, goal.index),),
        undoes=operation.undoes,
    )
    files = merge.take_out(scene.repository, _mended(scene, origin, goal), target.files)
    staged = merge.take_out(scene.repository, scene.now.index, target.index)
    conflicts = dict.fromkeys(files.conflicts + staged.conflicts)
    if conflicts:
        raise ConflictError(
            f"changed since operation {operation.id} was interrupted: {', '.join(conflicts)}; nothing was touched",
            f"git show refs/batchhook/operations/{operation.id}/before:FILE is what was there; put yours aside first",
        )
    head = goal.head if origin.head != goal.head else scene.now.head
    return target, State(head, staged.tree, files.tree)


def _with_ignored(scene: Scene, before: State, after: State) -> State:
    """What is there, with files that the operation is about and that git ignores, where they are not known to git."""
    project = scene.project
    touched = trees.differences(project.git, before.files, after.files)
    top, variables = project.location.top, {"GIT_INDEX_FILE": str(scene.index)}
    others = collisions.under_another_name(top, touched)
    paths = [path for path in touched if path not in others and not _is_folder(top / path)]
    for options, these in (("--force-remove",), others), (("--add", "--remove"), paths):
        stdin = b"".join(os.fsencode(f"{path}\0") for path in these)
        project.git.run("update-index", *options, "-z", "--stdin", stdin=stdin, variables=variables)
    return replace(scene.now, files=project.git.text("write-tree", variables=variables))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _mended(scene: Scene, origin: State, goal: State) -> str:
    """The tree of what is there, in which what was torn is as if it had not been touched."""
    git = scene.project.git
    goals = trees.differences(git, origin.files, goal.files)
    found = trees.differences(git, origin.files, scene.now.files)
    origins = trees.differences(git, goal.files, origin.files)
    doubtful = [path for path in found if path in goals and found[path] != goals[path]]
    torn = frozenset(_torn(git, ((path, found[path], origins[path], goals[path]) for path in doubtful)))
    location = scene.project.location
    return trees.with_changes(git, location, scene.now.files, origin.files, torn.__contains__)[0]


def _torn(git: Git, files: Iterable[tuple[str, tuple[str, str], tuple[str, str], tuple[str, str]]]) -> Iterator[str]:
    for path, *entries in files:
        found, origin, goal = (_content(git, *entry) for entry in entries)
        if is_torn(found, origin, goal):
            yield path


def _content(git: Git, mode: str, oid: str) -> bytes | None:
    return git.run("cat-file", "blob", oid).stdout if mode.startswith(("100", "120")) else None
