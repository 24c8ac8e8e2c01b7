"""Whether tests became slower in a batch: what seems so is measured, and nothing else is run."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence

from batchhook.core.changes import Batch
from batchhook.core.perf.screening import Suspect, screen
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import Run
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError, StoreError
from batchhook.store import durations
from batchhook.workflow.context.job import Task
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import State, states_of
from batchhook.workflow.perf.ab_pairs import unmeasured
from batchhook.workflow.perf.bench import bench
from batchhook.workflow.perf.measure import Measuring
from batchhook.workflow.suite.fingerprint import find_suite


def find_slowdowns(project: Project, task: Task, run: Run) -> tuple[Slowdown, ...]:
    """Find out what became slower in a batch, and by which change.

    Where nothing seems so, nothing is run. It may be killed at any moment, and begins anew then.

    Returns:
        what was found out about each test and module that seemed slower; among them what only seemed so.

    Raises:
        StoreError: the store could not be read.
    """
    suspects: tuple[Suspect, ...] = ()
    try:
        suspects = suspected(project, task.batch, run)
        return _found(project, task, run, suspects) if suspects else ()
    except StoreError:
        raise
    except BatchhookError as error:
        return _unknown(suspects, error.message)
    except Exception as error:  # noqa: BLE001 - told in the analysis, and in the log: a defect must not block the queue
        traceback.print_exc()
        return _unknown(suspects, f"measuring failed: {type(error).__name__}: {error}")


def suspected(project: Project, batch: Batch, run: Run) -> tuple[Suspect, ...]:
    """What seems slower in a batch's run, the worst first; nothing where nobody wants to know."""
    settings = project.settings
    if not settings.slowdown_threshold or not settings.slowdown_budget:
        return ()
    if run.outcome.broken or not batch.base or batch.changes[0].base_tree == run.tree:
        return ()
    judged = {run.tree, *(change.tree for change in batch.changes)}
    past = durations.past(project.database, run.suite, run.id, without=judged)
    return screen(run.outcome.results, past, settings.slowdown_threshold)


def _found(project: Project, task: Task, run: Run, suspects: Sequence[Suspect]) -> tuple[Slowdown, ...]:
    states = states_of(project.git, task.batch.changes)
    if project.settings.isolation is Isolation.IN_PLACE or run.tree != states[-1].tree:
        return _unknown(suspects, "tested in place: other commits cannot be measured there")
    task.progress.measuring(len(suspects), 0)
    return measured(project, states, suspects, task)


def measured(
    project: Project, states: Sequence[State], suspects: Sequence[Suspect], task: Task
) -> tuple[Slowdown, ...]:
    """Measure suspects in a line of states, as long as the budget lasts."""
    settings = project.settings
    end = time.monotonic() + settings.slowdown_budget
    suite = find_suite(project, task.environment)
    with bench(project, suite, task.scratch, end) as place:
        told = Measuring(
            place, states, settings.slowdown_threshold, lambda settled: task.progress.measuring(len(suspects), settled)
        )
        return told.run(suspects)


def _unknown(suspects: Sequence[Suspect], reason: str) -> tuple[Slowdown, ...]:
    found = ((suspect, unmeasured(suspect, reason)) for suspect in suspects)
    return tuple(
        Slowdown(suspect.name, paired.judgement, suspect.is_module, reason=paired.reason) for suspect, paired in found
    )
