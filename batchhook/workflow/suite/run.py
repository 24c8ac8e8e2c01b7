"""Running the project's suite on one commit in a private work tree, or in place on what the user's own holds."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from batchhook.core.results import Run, SuiteOutcome
from batchhook.core.settings import Isolation, Settings
from batchhook.core.test_stats import History
from batchhook.errors import BatchhookError, BusyError, SuiteError
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import Listener, SuiteSpec
from batchhook.git import worktree
from batchhook.git.snapshot import tree_of_files
from batchhook.store import locks, runs, test_stats
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.fingerprint import Suite, find_suite
from batchhook.workflow.suite.prepare import SetUp, prepare
from batchhook.workflow.suite.uncommitted import explained, explained_broken

# More than enough for the runner and a few runs by hand; each costs a checkout.
_MOST_WORKTREES = 8


class RunListener(Listener, Protocol):
    """Whoever wants to know how a run goes, from the checkout on."""

    def stage(self, name: str) -> None:
        """What is being done before and after the tests."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be run.

    Attributes:
        commit: what to test.
        only: ids of tests, classes or modules; empty for all.
        changed: files that the commits to be tested have changed; their tests come first.
        fail_fast: whether the first failure ends the run.
        fresh: whether to run even if the same suite was run on the same tree before.
        anew: whether to forget which tests need the company of others, and to find out again.
    """

    commit: str = "HEAD"
    only: tuple[str, ...] = ()
    changed: frozenset[str] = field(default_factory=frozenset)
    fail_fast: bool = False
    fresh: bool = False
    anew: bool = False


def run_on_commit(
    project: Project, wanted: Wanted, environment: Mapping[str, str], listener: RunListener, scratch: Path
) -> Run:
    """Run the suite on exactly a commit's files, unless it is known how that ends.

    With ``isolation = "in-place"`` what is tested is what the user's work tree holds, and the run's tree says what
    that was.

    Args:
        project: the repository.
        wanted: what to run.
        environment: the caller's; the tests get it without git's variables and the frameworks'.
        listener: is told how it goes.
        scratch: a folder for this run, emptied first.

    Returns:
        the run: a stored one (``id`` set) where the same suite ran on the same tree before, else a new one, not stored
        yet. A suite that could not run is one, too: its outcome says why it is broken.

    Raises:
        GitError: the commit cannot be checked out.
    """
    started_at = time.time()
    tree = project.git.text("rev-parse", f"{wanted.commit}^{{tree}}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        suite = find_suite(project, environment)
    except SuiteError as error:
        return Run(tree, {}, started_at, SuiteOutcome(broken=error.message, hint=error.hint, complete=False))
    if project.settings.isolation is Isolation.IN_PLACE:
        return _run_in_place(project, suite, wanted, listener, scratch)
    known = None if wanted.fresh or wanted.only else runs.remembered(project.database, tree, suite.description)
    if known is not None:
        return known
    outcome = _run_in_worktree(project, suite, wanted, listener, scratch)
    return Run(tree, suite.description, started_at, outcome)


def run_stored(project: Project, commit: str, environment: Mapping[str, str], listener: RunListener) -> Run:
    """The run of the whole suite on a commit's files: a stored one, or one that is made and stored now.

    Args:
        project: the repository.
        commit: its name.
        environment: the caller's.
        listener: is told how it goes.

    Raises:
        BatchhookError: the commit cannot be checked out, or the suite cannot be run there.
    """
    run = run_on_commit(project, Wanted(commit), environment, listener, project.state.run(f"by-hand-{os.getpid()}"))
    if run.outcome.broken:
        raise BatchhookError(f"{commit[:8]} cannot be tested: {run.outcome.broken}", run.outcome.hint)
    return run if run.id else replace(run, id=runs.add(project.database, run))


def _run_in_worktree(
    project: Project, suite: Suite, wanted: Wanted, listener: RunListener, scratch: Path
) -> SuiteOutcome:
    top, settings, git = project.location.top, project.settings, project.git
    set_up = SetUp(suite.environment, scratch / "setup.log")
    try:
        with checked_out(project, wanted.commit, set_up, listener) as folder:
            listener.stage("testing")
            outcome = run_suite(_spec(project, suite, wanted, folder, scratch), listener)
            source_roots = ("src", "", settings.top_level_dir, settings.start_dir)
            outcome = explained(outcome, folder, top, source_roots, git)
    except SuiteError as error:
        outcome = SuiteOutcome(broken=error.message, hint=error.hint, complete=False)
    return explained_broken(outcome, settings, wanted.commit, top, git)


@contextmanager
def checked_out(project: Project, commit: str, set_up: SetUp, listener: RunListener) -> Iterator[Path]:
    """A private work tree that holds exactly a commit's files, ready for tests, for the length of a block.

    Args:
        project: the repository.
        commit: what to check out.
        set_up: how the set-up command is run.
        listener: is told what is being done.

    Raises:
        GitError: the commit cannot be checked out.
        SuiteError: it cannot be set up, or all private work trees are in use.
    """
    with private_worktree(project.state) as folder:
        listener.stage("checking out")
        worktree.checkout(project.git, folder, commit, project.location.tops)
        listener.stage("setting up")
        prepare(folder, project.location.top, project.settings, set_up)
        yield folder


def _run_in_place(project: Project, suite: Suite, wanted: Wanted, listener: RunListener, scratch: Path) -> Run:
    listener.stage("waiting for the run that is under way in place")
    with locks.lock(project.state.in_place_lock):
        listener.stage("looking at the work tree")
        started_at = time.time()
        tree = tree_of_files(project.git, project.location, "batchhook-index-run")
        listener.stage("testing")
        outcome = run_suite(_spec(project, suite, wanted, project.location.top, scratch), listener)
    return Run(tree, suite.description, started_at, outcome)


def _spec(project: Project, suite: Suite, wanted: Wanted, folder: Path, scratch: Path) -> SuiteSpec:
    return replace(
        plain_spec(project.settings, suite, folder, scratch),
        only=wanted.only,
        fail_fast=wanted.fail_fast,
        history=_history(project, wanted),
        changed=wanted.changed,
    )


def plain_spec(settings: Settings, suite: Suite, folder: Path, scratch: Path) -> SuiteSpec:
    """A run of the whole suite in a folder, as the settings have it and without any history."""
    return SuiteSpec(
        interpreter=suite.interpreter.path,
        root=folder,
        environment=suite.environment,
        scratch=scratch,
        start_dir=settings.start_dir,
        pattern=settings.pattern,
        top_level_dir=settings.top_level_dir,
        test_timeout=settings.test_timeout,
        jobs=settings.jobs or processors(),
        order=settings.order,
    )


def _history(project: Project, wanted: Wanted) -> History:
    """What is known of the tests."""
    known = test_stats.load(project.database)
    return replace(known, unsteady=frozenset(), ordered=frozenset(), proven=frozenset()) if wanted.anew else known


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def private_worktree(state: StateDir) -> Iterator[Path]:
    """A private work tree's folder, for the length of a block.

    Raises:
        BusyError: all of them are in use.
    """
    for number in range(1, _MOST_WORKTREES + 1):
        with locks.try_lock(state.worktrees / f"{number}.lock") as free:
            if free:
                yield state.worktrees / f"batchhook-{number}"
                return
    raise BusyError(f"all {_MOST_WORKTREES} private work trees are in use", "wait for the runs that are under way")
