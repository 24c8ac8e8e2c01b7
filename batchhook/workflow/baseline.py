"""The baseline: a run to compare others with, set by the user at a milestone and never moved automatically."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchhook.core.comparison import SuiteComparison, compare
from batchhook.core.results import Run
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError
from batchhook.store import baselines, runs
from batchhook.store.baselines import Baseline
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import resolve_revision
from batchhook.workflow.suite.run import RunListener, ensure_run


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """A commit's run, compared with the baseline."""

    oid: str
    run: Run
    baseline: Baseline
    compared: SuiteComparison


def set_baseline(
    project: Project, revision: str, environment: Mapping[str, str], listener: RunListener, *, force: bool
) -> tuple[Baseline, Run]:
    """Make the run of a commit the baseline; the suite runs now if there is no stored run.

    Args:
        project: the repository.
        revision: names the commit.
        environment: the caller's.
        listener: follows the run.
        force: whether to accept failing tests.

    Raises:
        BatchhookError: there is no such commit, its suite cannot run, or tests fail and ``force`` is off.
    """
    oid, run = _run_commit(project, revision, environment, listener)
    failing = run.result.totals.failures
    if failing and not force:
        raise BatchhookError(
            f"{failing} of {run.result.totals.tests} tests fail at {oid[:8]}: the baseline is unchanged",
            "fix them first, or accept them with --force",
        )
    return baselines.save(project.database, run.id, oid, forced=bool(failing)), run


def load_baseline(project: Project) -> tuple[Baseline, Run]:
    """Return the baseline and its run.

    Raises:
        BatchhookError: no baseline is set.
    """
    baseline = baselines.load(project.database)
    if baseline is None:
        raise BatchhookError("there is no baseline yet", "run batchhook baseline set when the tests pass")
    return baseline, runs.load(project.database, baseline.run)


def compare_with_baseline(
    project: Project, revision: str, environment: Mapping[str, str], listener: RunListener
) -> BaselineComparison:
    """Compare the run of a commit with the baseline; arguments as for ``set_baseline``.

    Raises:
        BatchhookError: there is no baseline, no such commit, or its suite cannot run.
    """
    baseline, before = load_baseline(project)
    oid, run = _run_commit(project, revision, environment, listener)
    return BaselineComparison(oid, run, baseline, compare(run.result.results, before.result.results))


def _run_commit(
    project: Project, revision: str, environment: Mapping[str, str], listener: RunListener
) -> tuple[str, Run]:
    if project.settings.isolation is Isolation.IN_PLACE:
        raise BatchhookError("tests run in place here, but a baseline needs a commit", "batchhook test")
    oid = resolve_revision(project, revision)
    return oid, ensure_run(project, oid, environment, listener)
