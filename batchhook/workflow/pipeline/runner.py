"""The runner: the detached process, one per repository, that runs the tests of every sealed batch.

Run as ``python -m batchhook.workflow.pipeline.runner TOP``. It may be killed at any moment: a batch without a stored
run stays in the queue, and the next commit or command starts another runner.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.culprits.attribution import AttributionKind
from batchhook.core.events import StageBegan
from batchhook.core.perf import slowdown
from batchhook.core.results import Run, SuiteResult, broken_result
from batchhook.core.verdict import Verdict, judge_suite, with_culprits, with_slowdowns
from batchhook.errors import BatchhookError, StoreError
from batchhook.git import backends, object_db, shadow_repo
from batchhook.store import attributions, batches, locks, runs, slowdowns
from batchhook.store.run_events import RunEventWriter
from batchhook.workflow.backups import create_backup
from batchhook.workflow.baseline import are_accepted, load_known_results
from batchhook.workflow.context.job import BatchJob
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.culprits.batch import find_culprits
from batchhook.workflow.impact.advice import ImpactAdvisor
from batchhook.workflow.notify.notifications import prepare_delivery
from batchhook.workflow.notify.plugin_events import PluginSet
from batchhook.workflow.perf.batch import find_slowdowns
from batchhook.workflow.pipeline.finalize import finalize, request_dispatch
from batchhook.workflow.prediction.advice import RiskAdvisor
from batchhook.workflow.reports import write
from batchhook.workflow.status import affected_note, gate, notices, spawn
from batchhook.workflow.status.wait import load_result
from batchhook.workflow.suite.run import RunRequest, run_suite_on_commit


def main() -> None:
    """Process the queue, then exit."""
    process_queue(Path(sys.argv[1]), os.environ)


def process_queue(top: Path, environment: Mapping[str, str]) -> None:
    """Process every queued batch, unless another runner does.

    Raises:
        StoreError: nothing could be stored; the batches stay in the queue.
    """
    with open_project(top, environment=environment, timeout=60.0) as project:
        PluginSet(project)  # stores which plug-ins are installed, for the hooks
        # Check again after releasing the lock: a process that seals a batch just before that starts no runner.
        while batches.list_queued(project.database):
            with locks.try_lock(project.state.runner_lock) as is_locked:
                if not is_locked:
                    return
                project.state.waiting.write_text(f"{os.getpid()}\n")
                while queue := batches.list_queued(project.database):
                    run_batch(project, queue[0], environment)
                if project.location.is_shadow:
                    shadow_repo.gc(project.git)
                project.state.waiting.unlink(missing_ok=True)


def run_batch(project: Project, batch: Batch, environment: Mapping[str, str]) -> None:
    """Take a batch from its current status to its end.

    It is backed up and tested at its head, culprits and slowdowns are searched for, and it is finalized.

    Raises:
        StoreError: a result could not be stored; the batch stays in the queue.
    """
    project = project.for_branch(batch.branch)
    prepare_delivery(project, batch.branch)
    folder = project.state.run(f"batch-{batch.id}")
    listener = RunEventWriter(folder / "events.ndjson")
    job = BatchJob(batch, environment, listener, folder / "scratch")
    try:
        if batch.status in {BatchStatus.SEALED, BatchStatus.RUNNING}:
            batches.set_status(project.database, batch.id, BatchStatus.RUNNING)
            advisor = ImpactAdvisor(project)
            run = _run_suite(project, job, advisor)
            _store_run(project, job, run)
            advisor.store(run)
        if _status(project, batch) is BatchStatus.SEARCHING:
            _search_culprits(project, job)
        if _status(project, batch) is BatchStatus.MEASURING:
            _measure_slowdowns(project, job)
        if _status(project, batch) is BatchStatus.CLOSING:
            finalize(project, job)
        request_dispatch(project, batch)
    finally:
        listener.close()


def _status(project: Project, batch: Batch) -> BatchStatus:
    return batches.load(project.database, batch.id).status


def _run_suite(project: Project, job: BatchJob, advisor: ImpactAdvisor) -> Run:
    """Run a batch's tests. An error becomes the run's result: it must not keep the batch in the queue for ever."""
    started_at, batch = time.time(), job.batch
    try:
        job.listener(StageBegan("backing up"))
        request = RunRequest(
            batch.head, changed_files=_back_up(project, batch), advise=RiskAdvisor(project, batch.changes, advisor)
        )
        _preload_reports()
        return run_suite_on_commit(project, request, job.environment, job.listener, job.scratch)
    except StoreError:
        raise
    except BatchhookError as error:
        result = broken_result(error)
    except Exception as error:  # noqa: BLE001 - reported in the verdict, and in the log
        traceback.print_exc()
        result = SuiteResult(broken_reason=f"{type(error).__name__}: {error}", hint=f"see {project.state.log}")
    return Run(batch.changes[-1].tree, {}, started_at, result)


def _preload_reports() -> None:
    """Prepare for the reports while the tests run: importing and compiling would delay the end of the batch."""
    threading.Thread(target=_preload_guarded, daemon=True, name="preload").start()


def _preload_guarded() -> None:
    with suppress(Exception):  # raised again, and logged, when the reports are written
        write.preload()


def _back_up(project: Project, batch: Batch) -> frozenset[str]:
    """Store which files a batch touched, and back them up; return their paths."""
    repository = backends.open_repository(project.location.common_dir)
    edits = {change.oid: object_db.file_edits(repository, change) for change in batch.changes}
    batches.save_edits(project.database, batch.id, edits)
    create_backup(project.state, repository, batch)
    return frozenset(edit.path for file_edits in edits.values() for edit in file_edits)


def _store_run(project: Project, job: BatchJob, run: Run) -> None:
    """Store a run and its verdict; if tests failed, the search for culprits is next."""
    number, earlier = job.batch.id, load_known_results(project, job.batch, run)
    verdict = judge_suite(run.result, project.settings.critical_failure_threshold, earlier)
    searching = bool(run.result.totals.failures) and project.settings.culprit_budget > 0
    runs.finish_batch(project.database, number, run, verdict, searching=searching)
    spawn.ensure_dispatcher(project.location, project.database, job.environment)
    gate.resolve_by_run(project, job.batch.branch, run)
    affected_note.clear(project.state, job.batch.branch)
    notices.post_verdict(project.state, number, verdict, run.result)


def _search_culprits(project: Project, job: BatchJob) -> None:
    """Find and store the culprits of a batch's failing tests."""
    loaded, number = load_result(project, job.batch.id), job.batch.id
    culprits = find_culprits(project, job, loaded.run)
    threshold = project.settings.critical_failure_threshold
    blamed = {attribution.culprit for attribution in culprits.by_id.values() if attribution.culprit}
    has_culprit = not are_accepted(project, blamed)
    flaky = sum(each.kind is AttributionKind.FLAKY for each in culprits.by_test.values())
    verdict = with_culprits(loaded.verdict, loaded.run.result, threshold, has_culprit=has_culprit, flaky=flaky)
    if verdict is not Verdict.KNOWN_FAILURES:
        notices.post_culprits(project.state, number, verdict, loaded.run.result, culprits.by_id)
    attributions.finish_search(project.database, number, culprits.revisions, culprits.by_test, verdict)
    if verdict is not loaded.verdict:
        gate.update_gate_files(project)


def _measure_slowdowns(project: Project, job: BatchJob) -> None:
    """Find and store the slowdowns of a batch's tests."""
    loaded, number = load_result(project, job.batch.id), job.batch.id
    slow_tests = find_slowdowns(project, job, loaded.run)
    summary = slowdown.summarize_slowdowns(slow_tests)
    if summary:
        verdict = with_slowdowns(loaded.verdict, confirmed=True)
        notices.post_slowdowns(project.state, number, verdict, loaded.run.result, summary)
    slowdowns.finish_measuring(project.database, number, slow_tests)


if __name__ == "__main__":
    main()
