"""From a reversal to a plan: merged in memory, and refused before anything is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from batchhook.core.commit import Commit
from batchhook.core.operations import OperationKind
from batchhook.core.rollback import FilePlan, HeadUpdate, RollbackMode, Selection, TreeDelta, file_action
from batchhook.errors import ConflictError
from batchhook.git import branch, collisions, history, merge, preflight, snapshot, stash
from batchhook.git.snapshot import WorktreeState
from batchhook.workflow.rollback.autostash import MergedTrees, merge_without_work
from batchhook.workflow.rollback.worktree_session import WorktreeSession

_LARGEST_IN_DIFF = "16m"
"""Larger files are held in memory by a diff, so the plan only says that they differ."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """The deltas that an operation reverts, and what it does to HEAD.

    Attributes:
        kind: of the operation.
        mode: of the rollback that it is about.
        selection: what that rollback reverted.
        files, index: the deltas to revert in the work tree and in the index, newest first.
        committed: those to revert in HEAD's tree; empty if they are those of the files.
        head: what happens to HEAD.
        head_target: the commit that HEAD is moved to; empty if it is not moved.
        undoes: the operation that is reverted; 0 for a rollback.
        stash: the stash entry that a redo stores again, or that an undo restores and drops; empty for none.
        autostash: whether uncommitted work that is in the way may be stashed.
        kept_stash: the stash entry of the undone operation that stays, as newer work is in its way; empty for none.
    """

    kind: OperationKind
    mode: RollbackMode
    selection: Selection
    files: tuple[TreeDelta, ...]
    index: tuple[TreeDelta, ...]
    committed: tuple[TreeDelta, ...] = ()
    head: HeadUpdate = HeadUpdate.STAY
    head_target: str = ""
    undoes: int = 0
    stash: str = ""
    autostash: bool = False
    kept_stash: str = ""

    @property
    def description(self) -> str:
        """The thing that is reverted, as a part of a sentence."""
        return f"operation {self.undoes}" if self.undoes else self.selection.description


@dataclass(frozen=True, slots=True)
class Plan:
    """The effect of an operation that is not carried out yet.

    Attributes:
        reversal: what it reverts.
        files: what happens to each file, by path.
        before, after: the states it leads from and to; ``after.head`` is still HEAD if a commit will be made.
        diff: the same as a patch of the work tree.
        branch: short name of what is checked out.
        dropped_commits: commits that leave the branch, oldest first.
        commit_tree: the tree of the commit to make; empty for no commit.
        stashed_files: paths of the files that are stashed first.
        stashes_untracked: whether untracked files are among these.
    """

    reversal: Reversal
    files: tuple[FilePlan, ...]
    before: WorktreeState
    after: WorktreeState
    diff: str
    branch: str = ""
    dropped_commits: tuple[Commit, ...] = ()
    commit_tree: str = ""
    stashed_files: tuple[str, ...] = ()
    stashes_untracked: bool = False

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to do."""
        return self.before == self.after and not self.commit_tree


def make_plan(session: WorktreeSession, reversal: Reversal) -> Plan:
    """Merge a reversal into the state of a work tree.

    Raises:
        ConflictError: the same lines were changed since, something is in the way, or the branch cannot be moved.
    """
    commit_tree = _merge_head(session, reversal)
    merged = _merge_state(session, reversal)
    old_head = session.state.head
    head = reversal.head_target if reversal.head is HeadUpdate.MOVE else old_head
    if commit_tree or head != old_head:
        branch.check_movable(session.project.git, old_head)
    plan = build_plan(session, reversal, WorktreeState(head, merged.index, merged.files))
    dropped = history.first_parent_chain(session.project.git, [old_head], [head]) if reversal.head_target else ()
    return replace(
        plan,
        dropped_commits=dropped,
        commit_tree=commit_tree,
        stashed_files=merged.stashed_files,
        stashes_untracked=merged.stashes_untracked,
    )


def build_plan(session: WorktreeSession, reversal: Reversal, after: WorktreeState) -> Plan:
    """Build the plan that leads to a state.

    Raises:
        ConflictError: a file in the way is ignored by git, hidden from it, or cannot be replaced.
    """
    _check_obstacles(session, after)
    git, before = session.project.git, session.state
    small_files = ("-c", f"core.bigFileThreshold={_LARGEST_IN_DIFF}")
    options = ("-r", "-p", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames")
    diff = git.text(*small_files, "diff-tree", *options, before.files, after.files)
    return Plan(reversal, _file_actions(session, reversal, after), before, after, diff, session.branch_name)


def _merge_head(session: WorktreeSession, reversal: Reversal) -> str:
    """Return the tree of the commit to make; empty if it would hold nothing new."""
    if reversal.head is not HeadUpdate.COMMIT:
        return ""
    merged = merge.revert_deltas(session.objects, session.head_tree, reversal.committed)
    _check_conflicts(reversal, merged.conflicts, committed=True)
    return merged.tree if merged.tree != session.head_tree else ""


def _merge_state(session: WorktreeSession, reversal: Reversal) -> MergedTrees:
    objects, state = session.objects, session.state
    files = merge.revert_deltas(objects, state.files, reversal.files)
    staged = merge.revert_deltas(objects, state.index, reversal.index)
    conflicts = files.conflicts + staged.conflicts
    if not conflicts:
        return MergedTrees(staged.tree, files.tree)
    committed = reversal.committed or reversal.files
    _check_conflicts(reversal, merge.revert_deltas(objects, session.head_tree, committed).conflicts, committed=True)
    if not reversal.autostash:
        _check_conflicts(reversal, conflicts, committed=False)
    _check_intent_to_add(session)
    return merge_without_work(session, reversal.index, reversal.files, committed)


def _check_intent_to_add(session: WorktreeSession) -> None:
    """Refuse files marked by ``git add -N``: a stash entry cannot hold the mark."""
    paths = stash.list_intent_to_add(session.project.git)
    if paths:
        raise ConflictError(
            f"marked with git add -N, which the stash cannot hold: {', '.join(paths)}; nothing was changed",
            "git add the files, or git reset them, first",
        )


def _check_conflicts(reversal: Reversal, paths: Sequence[str], *, committed: bool) -> None:
    if not paths:
        return
    whose = "later" if committed else "uncommitted"
    files = ", ".join(dict.fromkeys(paths))
    message = f"{whose} changes conflict with {reversal.description}, in: {files}; nothing was changed"
    if reversal.kind is not OperationKind.ROLLBACK and committed and reversal.stash and not reversal.autostash:
        hint = "--stash stashes your later changes"
    elif reversal.kind is not OperationKind.ROLLBACK and committed:
        hint = f"git show refs/batchhook/operations/{reversal.undoes}/before:FILE shows what was there before it"
    elif committed:
        hint = "revert those changes first; if a later batch made them, roll that back first: batchhook log"
    else:
        hint = "commit or discard them, or let --stash stash them"
    raise ConflictError(message, hint)


def _check_obstacles(session: WorktreeSession, after: WorktreeState) -> None:
    before, objects, project = session.state, session.objects, session.project
    changes = merge.changed_paths(objects, before.files, after.files)
    staged = merge.changed_paths(objects, before.index, after.index)
    hidden = snapshot.find_hidden_paths(project.git, [*changes, *staged])
    if hidden:
        raise ConflictError(
            f"git is set to ignore changes to {', '.join(dict.fromkeys(hidden))}; nothing was changed",
            "git sparse-checkout disable, or git update-index --no-skip-worktree --no-assume-unchanged FILE",
        )
    differences = objects.diff(before.files, after.files)
    written = (each.path for each in differences if each.new and not each.new.is_submodule)
    repositories = collisions.repositories_in_the_way(project.location.top, written)
    if repositories:
        raise ConflictError(
            f"there is a repository in the way: {', '.join(repositories)}; nothing was changed", "move it aside first"
        )
    ignored = collisions.ignored_files_in_the_way(project.location.top, changes)
    if ignored:
        raise ConflictError(
            f"files that git ignores are in the way: {', '.join(ignored)}; nothing was changed",
            "move them aside first",
        )
    preflight.check_writable(project.git, project.location.top, changes)
    preflight.check_reversible_filters(project.git, project.location.top, changes)


def _file_actions(session: WorktreeSession, reversal: Reversal, after: WorktreeState) -> tuple[FilePlan, ...]:
    """List what happens to each file that the deltas touch; other files that are stashed are not among them."""
    objects, before = session.objects, session.state
    originals: dict[str, str] = {}
    for delta in reversal.files:  # the last one is the oldest
        originals |= {path: old for path, (_, old) in merge.changed_paths(objects, delta.new, delta.old).items()}
    touched = set(originals)
    for delta in reversal.index:
        touched |= merge.changed_paths(objects, delta.new, delta.old).keys()
    changed = merge.changed_paths(objects, before.index, after.index)
    changed |= merge.changed_paths(objects, before.files, after.files)
    return tuple(
        FilePlan(path, file_action(old, new, originals.get(path, "")))
        for path, (old, new) in sorted(changed.items())
        if path in touched
    )
