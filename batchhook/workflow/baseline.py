"""The baseline: a run that all others are compared with, set by hand at a milestone and moved by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchhook.core.comparison import Compared, compare
from batchhook.core.results import Run
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError
from batchhook.store import baselines, runs
from batchhook.store.baselines import Baseline
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import named
from batchhook.workflow.suite.run import RunListener, run_stored


@dataclass(frozen=True, slots=True)
class Measured:
    """A commit beside the baseline."""

    oid: str
    run: Run
    baseline: Baseline
    compared: Compared


def set_baseline(
    project: Project, revision: str, environment: Mapping[str, str], listener: RunListener, *, force: bool
) -> tuple[Baseline, Run]:
    """Make a commit's outcomes the baseline; they are taken from the store where its files were tested.

    Args:
        project: the repository.
        revision: which commit.
        environment: the caller's.
        listener: is told how the run goes, if there has to be one.
        force: whether failing tests may be in it.

    Raises:
        BatchhookError: there is no such commit, its suite cannot be run, or tests fail and ``force`` is off.
    """
    oid, run = _tested(project, revision, environment, listener)
    failing = run.outcome.totals.failures
    if failing and not force:
        raise BatchhookError(
            f"{failing} of {run.outcome.totals.tests} tests fail at {oid[:8]}: the baseline stays as it was",
            "mend them first; or --force, if they are to be taken as given",
        )
    return baselines.put(project.database, run.id, oid, forced=bool(failing)), run


def shown(project: Project) -> tuple[Baseline, Run]:
    """The baseline, and its run.

    Raises:
        BatchhookError: none was set.
    """
    baseline = baselines.current(project.database)
    if baseline is None:
        raise BatchhookError("there is no baseline yet", "batchhook baseline set, when the tests pass")
    return baseline, runs.get(project.database, baseline.run)


def compare_with_baseline(
    project: Project, revision: str, environment: Mapping[str, str], listener: RunListener
) -> Measured:
    """Compare a commit's outcomes with the baseline; arguments as for ``set_baseline``.

    Raises:
        BatchhookError: there is no baseline, no such commit, or its suite cannot be run.
    """
    baseline, before = shown(project)
    oid, run = _tested(project, revision, environment, listener)
    return Measured(oid, run, baseline, compare(run.outcome.results, before.outcome.results))


def _tested(project: Project, revision: str, environment: Mapping[str, str], listener: RunListener) -> tuple[str, Run]:
    if project.settings.isolation is Isolation.IN_PLACE:
        raise BatchhookError("tests run in place here: a baseline is of what is committed", "batchhook test")
    oid = named(project, revision)
    return oid, run_stored(project, oid, environment, listener)
