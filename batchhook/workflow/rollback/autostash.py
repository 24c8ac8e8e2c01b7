"""Uncommitted work that is in the way of an operation, moved into an entry of git's stash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from batchhook.core.rollback import TreeDelta
from batchhook.git import merge, stash
from batchhook.git.snapshot import WorktreeState
from batchhook.workflow.rollback.worktree_session import WorktreeSession, tree_of


@dataclass(frozen=True, slots=True)
class MergedTrees:
    """Index and work tree after a reversal.

    Attributes:
        index, files: tree ids.
        stashed_files: paths of the files that have to be stashed first.
        stashes_untracked: whether untracked files are among them.
    """

    index: str
    files: str
    stashed_files: tuple[str, ...] = ()
    stashes_untracked: bool = False


def merge_without_work(
    session: WorktreeSession,
    index: Sequence[TreeDelta],
    files: Sequence[TreeDelta],
    committed: Sequence[TreeDelta],
) -> MergedTrees:
    """Revert deltas with all uncommitted work stashed; untracked files only if they are in the way, too.

    Args:
        session: the work tree.
        index: the deltas to revert in the index, newest first.
        files: those to revert in the work tree.
        committed: those to revert in HEAD.
    """
    objects, head_tree, state = session.objects, session.head_tree, session.state
    staged = merge.revert_deltas(objects, head_tree, index).tree
    tracked = stash.write_tracked_tree(session.project.git, session.project.location)
    stashed = set(merge.changed_paths(objects, head_tree, tracked))
    stashed |= merge.changed_paths(objects, head_tree, state.index).keys()
    with_untracked = merge.revert_deltas(objects, state.files, (TreeDelta(tracked, head_tree), *files))
    if not with_untracked.conflicts:
        return MergedTrees(staged, with_untracked.tree, tuple(sorted(stashed)))
    stashed |= merge.changed_paths(objects, head_tree, state.files).keys()
    tree = merge.revert_deltas(objects, head_tree, committed).tree
    return MergedTrees(staged, tree, tuple(sorted(stashed)), stashes_untracked=True)


def create_entry(session: WorktreeSession, message: str, *, untracked: bool) -> str:
    """Create the commit of a stash entry that holds all uncommitted work; ``stash.store_entry`` lists it."""
    project = session.project
    title = f"On {session.branch_name}: {message}"
    return stash.create_entry(project.git, project.location, session.state, title, untracked=untracked)


def without_stashed_work(session: WorktreeSession, state: WorktreeState, entry: str) -> WorktreeState:
    """Return a state without the uncommitted work that a stash entry made from it holds."""
    project = session.project
    committed = tree_of(project, state.head)
    if len(project.git.text("rev-parse", f"{entry}^@").split()) > 2:  # noqa: PLR2004 - HEAD, index, untracked files
        return replace(state, index=committed, files=committed)
    work = TreeDelta(tree_of(project, entry), committed)
    return replace(state, index=committed, files=merge.revert_deltas(session.objects, state.files, (work,)).tree)
