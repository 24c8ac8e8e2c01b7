"""Running the whole suite on a checkout as it is: what the service built is what is tested."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from batchhook.core.ci import Baseline, CiRun
from batchhook.core.comparison import compare
from batchhook.core.results import SuiteOutcome
from batchhook.core.verdict import judge
from batchhook.errors import SuiteError
from batchhook.execution.runner import run_suite
from batchhook.git.location import read_head
from batchhook.store import locks
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.fingerprint import find_suite
from batchhook.workflow.suite.run import RunListener, plain_spec


def run_checkout(
    project: Project, environment: Mapping[str, str], listener: RunListener, baseline: Baseline | None = None
) -> CiRun:
    """Run the whole suite in the work tree as it is.

    Args:
        project: the checkout.
        environment: the caller's; the tests get it without git's variables.
        listener: is told how it goes.
        baseline: what to compare with; None for nothing.

    Returns:
        the run. A suite that could not run is one, too: its outcome says why it is broken.
    """
    commit = read_head(project.git, project.location).oid
    started_at = time.time()
    outcome = _outcome(project, environment, listener)
    return CiRun(
        commit=commit,
        started_at=started_at,
        outcome=outcome,
        verdict=judge(outcome, project.settings.critical_failure_threshold),
        has_more=bool(project.git.text("status", "--porcelain", "--untracked-files=no")),
        baseline=baseline,
        compared=None if baseline is None or outcome.broken else compare(outcome.results, baseline.results),
    )


def _outcome(project: Project, environment: Mapping[str, str], listener: RunListener) -> SuiteOutcome:
    scratch = project.state.run("ci")
    scratch.mkdir()
    try:
        suite = find_suite(project, environment)
    except SuiteError as error:
        return SuiteOutcome(broken=error.message, hint=error.hint, complete=False)
    with _alone(StateDir.of(project.location.common_dir), listener):
        listener.stage("testing")
        return run_suite(plain_spec(project.settings, suite, project.location.top, scratch), listener)


@contextmanager
def _alone(installed: StateDir, listener: RunListener) -> Iterator[None]:
    """Keep the work tree to ourselves where batchhook is installed, too: its own runs in place wait meanwhile."""
    if not installed.exists():
        yield
        return
    if locks.is_locked(installed.in_place_lock):
        listener.stage("waiting for the run that is under way in place")
    with locks.lock(installed.in_place_lock):
        yield
