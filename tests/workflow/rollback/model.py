"""A model of a repository: files as dictionaries, branches as lists of commits, a three-way merge by whole files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Tree = dict[str, str]
Delta = tuple[Tree, Tree]
"""A delta to revert: it leads from the second tree to the first."""


class RefusedError(Exception):
    """The model refuses an operation."""


def without(tree: Tree, steps: Sequence[Delta]) -> Tree:
    """Return a tree without some deltas, newest first."""
    for new, old in steps:
        merged = dict(tree)
        for path in new.keys() | old.keys() | tree.keys():
            ours, was, becomes = tree.get(path), new.get(path), old.get(path)
            if becomes in {was, ours}:
                continue
            if ours != was:
                raise RefusedError(path)
            merged.pop(path, None)
            if becomes is not None:
                merged[path] = becomes
        tree = merged
    return tree


@dataclass(frozen=True)
class State:
    """The commit that HEAD is at, the index, and the files."""

    head: str
    index: Tree
    files: Tree


@dataclass(frozen=True)
class Act:
    """An operation that was carried out; ``mode`` is that of its rollback."""

    mode: str
    branch: str
    before: State
    after: State


@dataclass
class Model:
    """The expected repository.

    Attributes:
        trees, parents: of each commit ever made.
        branches: where each stands.
        done, undone: as an editor has them.
    """

    state: State
    trees: dict[str, Tree]
    parents: dict[str, str]
    branch: str = "main"
    branches: dict[str, str] = field(default_factory=dict)
    done: list[Act] = field(default_factory=list)
    undone: list[Act] = field(default_factory=list)

    @property
    def committed(self) -> Tree:
        return self.trees[self.state.head]

    @property
    def is_clean(self) -> bool:
        return self.state.index == self.state.files == self.committed

    def chain(self, head: str) -> list[str]:
        """Return a commit and its ancestors, newest first."""
        found = []
        while head:
            found.append(head)
            head = self.parents[head]
        return found

    def is_on_other_branches(self, commit: str) -> bool:
        return any(commit in self.chain(tip) for name, tip in self.branches.items() if name != self.branch)

    def commit(self, oid: str, tree: Tree) -> None:
        """Add a commit to the branch."""
        self.trees[oid], self.parents[oid] = tree, self.state.head
        self.move(State(oid, self.state.index, self.state.files))

    def move(self, state: State) -> None:
        self.state = state
        self.branches[self.branch] = state.head

    def rollback(self, mode: str, changes: Sequence[str]) -> tuple[State, Tree | None]:
        """Return the state after a rollback, and the tree of the commit that it makes, if any."""
        if not changes:
            raise RefusedError(mode)
        if mode == "reset":
            return self._reset(changes), None
        steps: list[Delta] = []
        for oid in reversed(changes):
            new, old = self.trees[oid], self.trees[self.parents[oid]]
            if steps and steps[-1][1] == new:
                steps[-1] = steps[-1][0], old
            else:
                steps.append((new, old))
        tree = without(self.committed, steps) if mode == "commit" else self.committed
        state = State(self.state.head, without(self.state.index, steps), without(self.state.files, steps))
        return state, tree if tree != self.committed else None

    def _reset(self, changes: Sequence[str]) -> State:
        base, chain = self.parents[changes[0]], self.chain(self.state.head)
        if base not in chain or changes[0] not in chain or self.is_on_other_branches(changes[0]):
            raise RefusedError(base)
        step = [(self.committed, self.trees[base])]
        return State(base, without(self.state.index, step), without(self.state.files, step))

    def revert(self, act: Act | None) -> tuple[State, Tree | None]:
        """Return the state after an act is reverted, and the tree of the commit that this makes, if any."""
        if act is None:
            raise RefusedError
        before, after, head = act.before, act.after, self.state.head
        if act.mode != "files" and act.branch != self.branch:
            raise RefusedError(act.branch)
        tree = None
        if act.mode != "files" and before.head != after.head:
            brought = [oid for oid in self.chain(after.head) if oid not in self.chain(before.head)]
            if head == after.head and not (brought and self.is_on_other_branches(brought[-1])):
                head = before.head
            elif act.mode == "commit":
                tree = without(self.committed, [(self.trees[after.head], self.trees[before.head])])
                tree = tree if tree != self.committed else None
            else:
                raise RefusedError(head)
        index = without(self.state.index, [(after.index, before.index)])
        return State(head, index, without(self.state.files, [(after.files, before.files)])), tree
