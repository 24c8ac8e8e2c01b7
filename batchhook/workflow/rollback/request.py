"""What an operation is to take out of what is there, and the plan that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batchhook.core.changes import Commit
from batchhook.core.operations import Kind
from batchhook.core.rollback import FileFate, HeadWay, Mode, Selection, Step
from batchhook.git.snapshot import State
from batchhook.workflow.rollback.worktree_session import Scene


@dataclass(frozen=True, slots=True)
class How:
    """How a rollback is wanted.

    Attributes:
        mode: what is done with the branch.
        force: move the branch even if its commits are on others, too.
        stash: put uncommitted work aside that is in the way.
    """

    mode: Mode = Mode.FILES
    force: bool = False
    stash: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What an operation is to take out of what is there.

    Attributes:
        kind: what it is.
        mode: of the rollback that it is about.
        selection: what that took out.
        files, index: the differences to be taken out of the work tree and of the index, newest first.
        committed: those to be taken out of what HEAD holds, where a commit is made or may have to be looked at; none
            where they are those of the files.
        head: what becomes of HEAD.
        to: the commit that it is moved to.
        undoes: the operation that is taken out of effect; 0 for a rollback.
        stash: the stash entry that is made once more (a redo) or taken back (an undo); empty for none.
        may_stash: whether uncommitted work that is in the way may be put aside.
        still_aside: the stash entry that the operation had made, and that stays where it is, since other work is in
            the way of it; empty for none.
    """

    kind: Kind
    mode: Mode
    selection: Selection
    files: tuple[Step, ...]
    index: tuple[Step, ...]
    committed: tuple[Step, ...] = ()
    head: HeadWay = HeadWay.STAY
    to: str = ""
    undoes: int = 0
    stash: str = ""
    may_stash: bool = False
    still_aside: str = ""

    @property
    def what(self) -> str:
        """What is taken out, in a sentence."""
        return f"operation {self.undoes}" if self.undoes else self.selection.what


Aim = Callable[[Scene], Target]
"""Finds the target in what is there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operation is going to do.

    Attributes:
        target: what it takes out.
        files: what becomes of each file, by path.
        now, then: the states that it leads from and to; of a commit that is yet to be made, ``then`` has no name.
        diff: the same as a patch of the work tree.
        branch: what is checked out, as people call it.
        leaving: commits that leave the branch, oldest first.
        commit_tree: the tree of the commit that is made; empty where none is.
        aside: files that are put aside in a stash entry; none where there is no need.
        aside_untracked: whether that has to hold untracked files, too.
    """

    target: Target
    files: tuple[FileFate, ...]
    now: State
    then: State
    diff: str
    branch: str = ""
    leaving: tuple[Commit, ...] = ()
    commit_tree: str = ""
    aside: tuple[str, ...] = ()
    aside_untracked: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.now == self.then and not self.commit_tree
