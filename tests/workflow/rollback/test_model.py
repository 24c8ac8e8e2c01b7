"""Commits, edits, amends, rebases, branches, rollbacks in all modes, undos and redos against a simple model.

``BATCHHOOK_TEST_STEPS`` is about how many steps are taken; a nightly run takes 10,000.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from batchhook import BatchhookError, Workflow
from batchhook.report.json_models import OperationDocument
from tests.driving import Repository
from tests.workflow.rollback.model import Act, Model, RefusedError, State, Tree

STEPS = int(os.environ.get("BATCHHOOK_TEST_STEPS", "120"))
_LONG = 30
"""Steps of one history."""

modes = st.sampled_from(["files", "commit", "reset"])
paths = st.sampled_from("abc")
texts = st.sampled_from(["1\n", "2\n", "3\n"])
CONFIGURATION = {".batchhook.toml": "batch_size = 2\n"}
names = itertools.count()
counted: Counter[str] = Counter()


class RepositoryMachine(RuleBasedStateMachine):
    """A real repository, and the model of it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="batchhook-model-"))
        self.repository = Repository(self.folder)
        self.git("init", "--quiet", "--initial-branch=main")
        first = {"a": "0\n", "b": "0\n"} | CONFIGURATION
        for path, text in first.items():
            self.repository.write(path, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "first")
        self.workflow = Workflow(self.folder)
        self.workflow.install()
        self.git("config", "core.hooksPath", "/dev/null")  # the graph alone has to do
        head = self.repository.head()
        self.model = Model(State(head, first, first), {head: first}, {head: ""}, branches={"main": head})

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def git(self, *arguments: str) -> str:
        return self.repository.git(*arguments)

    @rule(path=paths, text=texts)
    def edit(self, path: str, text: str) -> None:
        self.repository.write(path, text)
        self._files(self.model.state.files | {path: text})

    @rule(path=paths)
    def delete(self, path: str) -> None:
        (self.folder / path).unlink(missing_ok=True)
        self._files({name: text for name, text in self.model.state.files.items() if name != path})

    def _files(self, files: Tree) -> None:
        state = self.model.state
        self.model.state = State(state.head, state.index, files)

    @rule(path=paths)
    def stage(self, path: str) -> None:
        state = self.model.state
        if path not in state.files and path not in state.index:
            return
        self.git("add", "--all", "--", path)
        index = {name: text for name, text in state.index.items() if name != path}
        if path in state.files:
            index[path] = state.files[path]
        self.model.state = State(state.head, index, state.files)

    @rule(edits=st.lists(st.tuples(paths, texts), min_size=1, max_size=4))
    def change(self, edits: list[tuple[str, str]]) -> None:
        """Edit files and commit all after each, which fills batches."""
        for path, text in edits:
            self.edit(path, text)
            self.git("add", "--all")
            self.model.state = State(self.model.state.head, self.model.state.files, self.model.state.files)
            self.commit_staged()

    @rule()
    def commit_staged(self) -> None:
        if self.model.state.index != self.model.committed:
            self.git("commit", "--quiet", "-m", f"commit {next(names)}")
            self.model.commit(self.repository.head(), self.model.state.index)

    @precondition(lambda self: self.model.parents[self.model.state.head])
    @rule()
    def amend(self) -> None:
        parent = self.model.parents[self.model.state.head]
        self.git("commit", "--quiet", "--amend", "--allow-empty", "-m", f"amended {next(names)}")
        head = self.repository.head()
        self.model.trees[head], self.model.parents[head] = self.model.state.index, parent
        self.model.move(State(head, self.model.state.index, self.model.state.files))

    @precondition(lambda self: self.model.is_clean and self.model.parents[self.model.state.head])
    @rule()
    def rebase(self) -> None:
        """Give the last two commits new oids."""
        olds = self.model.chain(self.model.state.head)[:-1][:2]
        self.git("rebase", "--quiet", "--force-rebase", "--keep-empty", f"HEAD~{len(olds)}")
        parent = self.model.parents[olds[-1]]
        for old, new in zip(reversed(olds), self.git("rev-list", "--reverse", f"{parent}..").split(), strict=True):
            self.model.trees[new], self.model.parents[new] = self.model.trees[old], parent
            parent = new
        self.model.move(State(parent, self.model.state.index, self.model.state.files))

    @precondition(lambda self: self.model.is_clean)
    @rule(name=st.sampled_from(["main", "topic"]))
    def switch(self, name: str) -> None:
        self.workflow.log()  # a hook would have noted the commits
        is_new = name not in self.model.branches
        self.git("switch", "--quiet", *(["--create"] if is_new else []), name)
        head = self.model.branches.setdefault(name, self.model.state.head)
        self.model.branch = name
        self.model.move(State(head, self.model.trees[head], self.model.trees[head]))

    @rule(path=paths, text=texts, mode=modes)
    def change_and_roll_back(self, path: str, text: str, mode: str) -> None:
        self.change([("c", f"{next(names)}\n"), (path, text), (path, f"{next(names)}\n")])
        self.rollback(mode, 0)

    @rule(times=st.integers(1, 3), again=st.integers(0, 3))
    def undo_and_redo(self, times: int, again: int) -> None:
        for _ in range(times):
            self.undo()
            self.repository_equals_model()
        for _ in range(again):
            self.redo()
            self.repository_equals_model()

    @rule(mode=modes, latest=st.integers(0, 2))
    def rollback(self, mode: str, latest: int) -> None:
        full = [entry.batch for entry in self.workflow.log().batches if entry.batch.status != "open"]
        if len(full) <= latest:
            return
        batch = full[latest]
        changes = [change.oid for change in batch.changes]
        assert not any("Batchhook-Operation" in self.git("log", "-1", "--format=%B", oid) for oid in changes)
        here = self.model.chain(self.model.state.head)
        is_here = batch.branch.removeprefix("refs/heads/") == self.model.branch or batch.head in here
        try:
            state, tree = self.model.rollback(mode, changes if is_here else [])
        except RefusedError:
            counted["refused"] += 1
            with pytest.raises(BatchhookError):
                self.workflow.rollback(batch.id, mode=mode)
            return
        done = self.workflow.rollback(batch.id, mode=mode)
        assert (done.id is None) == (state == self.model.state and tree is None)
        if done.id is not None:
            self.model.done.append(self._follow(mode, done, state, tree))
            self.model.undone.clear()

    @rule()
    def undo(self) -> None:
        self._revert(self.model.done, self.model.undone, "undo")

    @rule()
    def redo(self) -> None:
        self._revert(self.model.undone, self.model.done, "redo")

    def _revert(self, source: list[Act], target: list[Act], name: str) -> None:
        act = getattr(self.workflow, name)
        try:
            state, tree = self.model.revert(source[-1] if source else None)
        except RefusedError:
            counted["refused"] += 1
            with pytest.raises(BatchhookError):
                act()
            return
        done = act()
        target.append(self._follow(source.pop().mode, done, state, tree))

    def _follow(self, mode: str, done: OperationDocument, state: State, tree: Tree | None) -> Act:
        """Follow an operation in the model."""
        counted[f"{done.kind} {mode}"] += 1
        before = self.model.state
        if tree is not None:
            assert done.head
            self.model.commit(done.head, tree)
            state = State(done.head, state.index, state.files)
        self.model.move(state)
        return Act(mode, self.model.branch, before, state)

    @invariant()
    def repository_equals_model(self) -> None:
        counted["steps"] += 1
        state = self.model.state
        assert self.repository.head() == state.head
        assert self.git("symbolic-ref", "--short", "HEAD") == self.model.branch
        assert _parse_listing(self.git("ls-tree", "-r", "HEAD")) == _blob_ids(self.model.committed)
        assert _parse_listing(self.git("ls-files", "--stage")) == _blob_ids(state.index)
        files = {path.name: path.read_text() for path in self.folder.iterdir() if path.is_file()}
        assert files == state.files


def _parse_listing(rows: str) -> dict[str, str]:
    found = {}
    for row in rows.splitlines():
        what, _, path = row.partition("\t")
        found[path] = next(word for word in what.split() if len(word) == 40)
    return found


def _blob_ids(tree: Tree) -> dict[str, str]:
    """Return the blob ids of files."""
    return {path: hashlib.sha1(f"blob {len(text)}\0{text}".encode()).hexdigest() for path, text in tree.items()}


@pytest.mark.timeout(0)
def test_against_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    histories = max(1, STEPS // _LONG)
    run_state_machine_as_test(
        RepositoryMachine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=_LONG,
            derandomize=True,
            deadline=None,
            phases=(Phase.generate,),  # a history of this length takes minutes to shrink
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"\n{histories} histories: {dict(counted)}")  # noqa: T201 - the count is what a nightly run is for
