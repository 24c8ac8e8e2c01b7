"""Uncommitted work that is in the way, put aside: what is there without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from batchhook.core.rollback import Step
from batchhook.git import merge, stash
from batchhook.git.snapshot import State
from batchhook.workflow.rollback.request import Target
from batchhook.workflow.rollback.worktree_session import Scene, tree_of


@dataclass(frozen=True, slots=True)
class Room:
    """What is there once uncommitted work was put aside and the differences were taken out.

    Attributes:
        index, files: names of trees.
        paths: files that are put aside.
        untracked: whether files that git does not follow are among them.
    """

    index: str
    files: str
    paths: tuple[str, ...]
    untracked: bool


def room_for(scene: Scene, target: Target) -> Room:
    """Put all aside that is not committed; untracked files only where these, too, are in the way."""
    repository, committed = scene.repository, scene.committed
    index = merge.take_out(repository, committed, target.index).tree
    tracked = stash.tracked_files(scene.project.git, scene.project.location)
    aside = set(merge.changed_paths(repository, committed, tracked))
    aside |= merge.changed_paths(repository, committed, scene.now.index).keys()
    rest = merge.take_out(repository, scene.now.files, (Step(tracked, committed), *target.files))
    if not rest.conflicts:
        return Room(index, rest.tree, tuple(sorted(aside)), untracked=False)
    aside |= merge.changed_paths(repository, committed, scene.now.files).keys()
    files = merge.take_out(repository, committed, target.committed or target.files).tree
    return Room(index, files, tuple(sorted(aside)), untracked=True)


def make_entry(scene: Scene, message: str, *, untracked: bool) -> str:
    """Name of a stash entry with all that is not committed; it is none yet before it is stored."""
    said = f"On {scene.branch_name}: {message}"
    return stash.make(scene.project.git, scene.project.location, scene.now, said, untracked=untracked)


def without_work(scene: Scene, state: State, entry: str) -> State:
    """A state without the uncommitted work that a stash entry of it holds."""
    project = scene.project
    committed = tree_of(project, state.head)
    if len(project.git.text("rev-parse", f"{entry}^@").split()) > 2:  # noqa: PLR2004 - HEAD, index, untracked files
        return replace(state, index=committed, files=committed)
    step = Step(tree_of(project, entry), committed)
    return replace(state, index=committed, files=merge.take_out(scene.repository, state.files, (step,)).tree)
