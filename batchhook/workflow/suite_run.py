"""Running the project's suite on one commit, in a private work tree."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import batchhook
from batchhook.core.outcomes import SuiteOutcome
from batchhook.core.settings import Settings
from batchhook.errors import SuiteError
from batchhook.git import worktree
from batchhook.git.environment import scrubbed
from batchhook.store import locks, runs
from batchhook.store.layout import StateDir
from batchhook.store.runs import Run
from batchhook.testing.interpreter import Interpreter, find_interpreter
from batchhook.testing.runner import run_suite
from batchhook.testing.suite import Listener, SuiteSpec
from batchhook.workflow.prepare import prepare
from batchhook.workflow.project import Project

# More than enough for the runner and a few runs by hand; each costs a checkout.
_MOST_WORKTREES = 8

# Set by pre-commit and prek for their hooks, or by an environment that is not the project's.
_OF_THE_FRAMEWORK = frozenset({"PRE_COMMIT", "PRE_COMMIT_REWRITE_COMMAND", "VIRTUAL_ENV"})


class RunListener(Listener, Protocol):
    """Whoever wants to know how a run goes, from the checkout on."""

    def stage(self, name: str) -> None:
        """What is being done before and after the tests."""


def run_on_commit(
    project: Project,
    commit: str,
    environment: Mapping[str, str],
    listener: RunListener,
    scratch: Path,
) -> Run:
    """Run the suite on exactly a commit's files.

    Args:
        project: the repository.
        commit: what to test.
        environment: the caller's; the tests get it without git's variables and the frameworks'.
        listener: is told how it goes.
        scratch: a folder for this run, emptied first.

    Returns:
        the run, not stored yet. A suite that could not run is one, too: its outcome says why it is broken.

    Raises:
        GitError: the commit cannot be checked out.
    """
    started_at = time.time()
    tree = project.git.text("rev-parse", f"{commit}^{{tree}}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    interpreter = None
    try:
        interpreter = project_python(project, environment)
        prepared = suite_environment(environment, interpreter)
        with private_worktree(project.state) as folder:
            listener.stage("checking out")
            worktree.checkout(project.git, folder, commit)
            listener.stage("setting up")
            prepare(folder, project.location.top, project.settings, prepared, scratch / "setup.log")
            listener.stage("testing")
            outcome = run_suite(_spec(project, interpreter, prepared, folder, scratch), listener)
    except SuiteError as error:
        outcome = SuiteOutcome(broken=error.message, hint=error.hint)
    return Run(tree, _description(project.settings, interpreter), started_at, outcome)


def _spec(
    project: Project,
    interpreter: Interpreter,
    environment: Mapping[str, str],
    folder: Path,
    scratch: Path,
) -> SuiteSpec:
    settings = project.settings
    return SuiteSpec(
        interpreter=interpreter.path,
        root=folder,
        environment=environment,
        scratch=scratch,
        start_dir=settings.start_dir,
        pattern=settings.pattern,
        top_level_dir=settings.top_level_dir,
        test_timeout=settings.test_timeout,
        jobs=settings.jobs or os.cpu_count() or 1,
        durations=runs.last_durations(project.database),
    )


def project_python(project: Project, environment: Mapping[str, str]) -> Interpreter:
    """The Python that runs the project's tests.

    Raises:
        SuiteError: there is none that would do.
    """
    return find_interpreter(project.settings.python, project.location.tops, environment)


def suite_environment(environment: Mapping[str, str], interpreter: Interpreter) -> dict[str, str]:
    """What tests find in their environment: the caller's, tied to no repository and to no hook framework.

    A test that starts ``python`` gets the project's: frameworks put their own private one first on the path.
    """
    clean = {name: value for name, value in scrubbed(environment).items() if name not in _OF_THE_FRAMEWORK}
    folder = interpreter.path.parent
    if (folder.parent / "pyvenv.cfg").exists():
        clean["VIRTUAL_ENV"] = os.fspath(folder.parent)
    path = os.pathsep.join(part for part in (os.fspath(folder), environment.get("PATH", os.defpath)) if part)
    return {**clean, "PATH": path, "BATCHHOOK_RUNNING": "1"}


def _description(settings: Settings, interpreter: Interpreter | None) -> dict[str, object]:
    """What else than the tree decides a run's outcome."""
    return {
        "batchhook": batchhook.__version__,
        "python": "" if interpreter is None else f"{interpreter.path} {interpreter.version}",
        "start_dir": settings.start_dir,
        "pattern": settings.pattern,
        "top_level_dir": settings.top_level_dir,
        "jobs": settings.jobs,
        "link": settings.link,
        "setup": settings.setup,
    }


@contextmanager
def private_worktree(state: StateDir) -> Iterator[Path]:
    """A private work tree's folder, for the length of a block.

    Raises:
        SuiteError: all of them are in use.
    """
    for number in range(1, _MOST_WORKTREES + 1):
        with locks.try_lock(state.worktrees / f"{number}.lock") as free:
            if free:
                yield state.worktrees / f"batchhook-{number}"
                return
    raise SuiteError(f"all {_MOST_WORKTREES} private work trees are in use", "wait for the runs that are under way")
