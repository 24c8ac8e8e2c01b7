"""The slowdown search of a batch: suspects are measured, and nothing else is run."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.batch import Batch
from batchhook.core.documents import are_documents
from batchhook.core.events import MeasuringAdvanced
from batchhook.core.perf.screening import SuspectedSlowdown, TimingHistory, is_machine_slow, screen_slowdowns
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import Run
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError, StoreError
from batchhook.store import batches, durations
from batchhook.workflow.context.job import BatchJob
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import Revision, batch_revisions
from batchhook.workflow.impact.suspicion import ChangeImpact
from batchhook.workflow.perf.ab_pairs import unmeasured
from batchhook.workflow.perf.bench import open_bench
from batchhook.workflow.perf.measure import Conditions, SlowdownFinder
from batchhook.workflow.suite.fingerprint import find_suite


def find_slowdowns(project: Project, job: BatchJob, run: Run) -> tuple[Slowdown, ...]:
    """Measure what seems slower in a batch's run, and find the change that caused it.

    Without suspects nothing is run. The search may be killed at any moment; it then starts over.

    Returns:
        one slowdown for each suspected test and module, refuted ones included.

    Raises:
        StoreError: the database cannot be read.
    """
    suspects: tuple[SuspectedSlowdown, ...] = ()
    try:
        suspects = screen_batch(project, job.batch, run)
        return _search(project, job, run, suspects) if suspects else ()
    except StoreError:
        raise
    except BatchhookError as error:
        return _all_inconclusive(suspects, error.message)
    except Exception as error:  # noqa: BLE001 - reported in the analysis and the log: a defect must not block the queue
        traceback.print_exc()
        return _all_inconclusive(suspects, f"measuring failed: {type(error).__name__}: {error}")


def screen_batch(project: Project, batch: Batch, run: Run) -> tuple[SuspectedSlowdown, ...]:
    """Return what seems slower in a batch's run than in earlier ones, the worst first; empty if turned off."""
    settings = project.settings
    if not settings.slowdown_threshold or not settings.slowdown_budget:
        return ()
    if run.result.broken_reason or not batch.base or batch.changes[0].base_tree == run.tree:
        return ()
    edits = batches.load_edits(project.database, batch.id)
    if edits and all(are_documents(edit.path for edit in files) for files in edits.values()):
        return ()
    past = _load_durations(project, batch, run)
    return screen_slowdowns(run.result.results, past, settings.slowdown_threshold)


def _load_durations(project: Project, batch: Batch, run: Run) -> TimingHistory:
    """Return the durations from runs before a batch."""
    batch_trees = {run.tree, *(change.tree for change in batch.changes)}
    return durations.load(project.database, run.suite, run.id, exclude_trees=batch_trees)


def _inert_positions(project: Project, batch: Batch, revisions: Sequence[Revision]) -> frozenset[int]:
    """Return the positions of the changes that cannot make a test slower."""
    edits = batches.load_edits(project.database, batch.id)
    documents = {oid for oid, files in edits.items() if are_documents(edit.path for edit in files)}
    return frozenset(position for position, revision in enumerate(revisions) if revision.oid in documents)


@dataclass(frozen=True, slots=True)
class _UntouchedPositions:
    """The positions of the changes that touch no code which a suspected test, or module, of a run runs."""

    impact: ChangeImpact
    run: Run

    def __call__(self, suspect: SuspectedSlowdown) -> frozenset[int]:
        """Return them for a suspect."""
        if not suspect.is_module:
            return self.impact.untouched([suspect.name])
        return self.impact.untouched(
            [result.test_id for result in self.run.result.results if result.module == suspect.name]
        )


def _search(project: Project, job: BatchJob, run: Run, suspects: Sequence[SuspectedSlowdown]) -> tuple[Slowdown, ...]:
    settings = project.settings
    revisions = batch_revisions(project.git, job.batch.changes)
    if settings.isolation is Isolation.IN_PLACE or run.tree != revisions[-1].tree:
        return _all_inconclusive(suspects, "tested in place: other commits cannot be measured there")
    job.listener(MeasuringAdvanced(len(suspects), 0))
    deadline = time.monotonic() + settings.slowdown_budget
    with open_bench(project, find_suite(project, job.environment), job.scratch, deadline) as bench:
        finder = SlowdownFinder(
            bench,
            revisions,
            settings.slowdown_threshold,
            lambda settled: job.listener(MeasuringAdvanced(len(suspects), settled)),
            Conditions(
                _inert_positions(project, job.batch, revisions),
                _UntouchedPositions(ChangeImpact(project, run.suite, revisions), run),
                is_machine_slow(run.result.results, _load_durations(project, job.batch, run)),
            ),
        )
        return finder.search(suspects)


def _all_inconclusive(suspects: Sequence[SuspectedSlowdown], reason: str) -> tuple[Slowdown, ...]:
    return tuple(
        Slowdown(suspect.name, unmeasured(suspect, reason).comparison, suspect.is_module, reason=reason)
        for suspect in suspects
    )
