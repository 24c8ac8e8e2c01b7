"""A checkout as a CI service made it: opened without an installation, and tested as it is."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from batchhook.core.ci import CiBaseline, CiRun
from batchhook.core.comparison import compare
from batchhook.core.events import RunListener, StageBegan
from batchhook.core.results import SuiteResult, broken_result
from batchhook.core.verdict import judge_suite
from batchhook.errors import SuiteError
from batchhook.execution.runner import run_suite
from batchhook.git import private_worktree
from batchhook.git.location import locate, read_head
from batchhook.store import locks, worktree_places
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from batchhook.workflow.ci.ci_env import branch_under_test
from batchhook.workflow.context import config
from batchhook.workflow.context.config import SettingsSources
from batchhook.workflow.context.project import Project
from batchhook.workflow.coverage.compare import make_report
from batchhook.workflow.coverage.measure import add_coverage, with_coverage
from batchhook.workflow.suite.engine_choice import list_files
from batchhook.workflow.suite.fingerprint import find_suite
from batchhook.workflow.suite.run import default_spec
from batchhook.workflow.suite.unrun import add_unrun_tests


@contextmanager
def open_checkout(start: Path, environment: Mapping[str, str], flags: Mapping[str, object]) -> Iterator[Project]:
    """Open the repository around a folder, with a temporary state folder.

    The state of an installed batchhook is neither read nor written. The temporary folder is created where the service
    wants such files (``RUNNER_TEMP``), not in the git dir.

    Args:
        start: any folder inside the work tree.
        environment: of the process.
        flags: settings given on the command line; None for those that were not given.

    Raises:
        NotARepositoryError, ConfigurationError: there is no repository, or its settings are wrong.
    """
    location = locate(start, environment)
    git, sources = location.git(environment), SettingsSources(location.top, environment, flags)
    settings = config.load(sources, lambda: branch_under_test(environment) or read_head(git, location).branch)
    root = Path(tempfile.mkdtemp(prefix="batchhook-ci-", dir=environment.get("RUNNER_TEMP") or None)).resolve()
    state = StateDir.for_repository(root)
    try:
        state.create()
        database = Database(state.database, create=True)
        try:
            yield Project(location, git, state, database, settings, sources)
        finally:
            database.close()
    finally:
        roots = (state.worktrees, worktree_places.choose_root(state, settings.worktrees, location.top).folder)
        for folder in (folder for root in dict.fromkeys(roots) for folder in worktree_places.list_worktrees(root)):
            private_worktree.remove(git, folder)
            worktree_places.remove_empty(folder.parent)
        shutil.rmtree(root, ignore_errors=True)


def run_checkout(
    project: Project, environment: Mapping[str, str], listener: RunListener, baseline: CiBaseline | None = None
) -> CiRun:
    """Run the whole suite in the work tree as it is, so that what the service built is what is tested.

    Args:
        project: the checkout.
        environment: the caller's; the tests get it without git's variables.
        listener: is notified of the run's progress.
        baseline: the outcomes to compare with, if any.

    Returns:
        the run; if the suite could not run, its result has the reason.
    """
    commit = read_head(project.git, project.location).oid
    started_at = time.time()
    result = _run(project, environment, listener)
    return CiRun(
        coverage=make_report(project.git, result.coverage) if result.coverage is not None else None,
        commit=commit,
        started_at=started_at,
        result=result,
        verdict=judge_suite(result, project.settings.critical_failure_threshold),
        includes_uncommitted=_has_uncommitted(project),
        baseline=baseline,
        comparison=None if baseline is None or result.broken_reason else compare(result.results, baseline.results),
    )


def _has_uncommitted(project: Project) -> bool:
    # Untracked files in a submodule are no more than untracked files elsewhere.
    options = ("--porcelain=v1", "--untracked-files=no", "--ignore-submodules=untracked")
    return bool(project.git.text("status", *options))


def _run(project: Project, environment: Mapping[str, str], listener: RunListener) -> SuiteResult:
    scratch = project.state.run("ci")
    scratch.mkdir()
    try:
        suite = find_suite(project, environment)
    except SuiteError as error:
        return broken_result(error)
    with _lock_work_tree(StateDir.for_repository(project.location.common_dir), listener):
        listener(StageBegan("testing"))
        spec = default_spec(project.settings, suite, project.location.top, scratch)
        if project.settings.coverage:
            spec = with_coverage(spec)
        result = add_coverage(run_suite(spec, listener), spec, spec.root, with_exports=True)
        files = partial(list_files, project.git)
        return add_unrun_tests(result, project.settings.engine, spec, suite.interpreter, files)


@contextmanager
def _lock_work_tree(installed: StateDir, listener: RunListener) -> Iterator[None]:
    """Keep an installed batchhook from running tests in place for the length of a block."""
    if not installed.is_installed():
        yield
        return
    if locks.is_locked(installed.in_place_lock):
        listener(StageBegan("waiting for another run in place"))
    with locks.lock(installed.in_place_lock):
        yield
