"""The runner: the one detached process of a repository that gives every sealed batch its run.

Run as ``python -m batchhook.workflow.pipeline.runner TOP``. It may be killed at any moment: a batch without a stored
run is still in the queue, and the next commit or command starts another runner.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from batchhook.core.changes import Batch, BatchStatus
from batchhook.core.perf import slowdown
from batchhook.core.results import Run, SuiteOutcome
from batchhook.core.verdict import judge, with_slowdowns
from batchhook.errors import BatchhookError, StoreError
from batchhook.git import backends, object_db, shadow_repo
from batchhook.store import attributions, batches, locks, runs, slowdowns
from batchhook.store.progress import ProgressWriter
from batchhook.workflow.backups import back_up
from batchhook.workflow.context.job import Task
from batchhook.workflow.context.project import Project, opened
from batchhook.workflow.culprits.batch import find_culprits
from batchhook.workflow.notify.plugin_events import Audience
from batchhook.workflow.perf.batch import find_slowdowns
from batchhook.workflow.pipeline.announce import announce
from batchhook.workflow.pipeline.finalize import close
from batchhook.workflow.status import gate, notices, spawn
from batchhook.workflow.status.wait import of_number
from batchhook.workflow.suite.run import Wanted, run_on_commit


def main() -> None:
    """Work through the queue, then end."""
    top = Path(sys.argv[1])
    work_off(top, os.environ)


def work_off(top: Path, environment: Mapping[str, str]) -> None:
    """Give every waiting batch its run, unless another runner is at it.

    Raises:
        StoreError: nothing could be stored; the batches keep waiting.
    """
    with opened(top, environment=environment, timeout=60.0) as project:
        Audience(project)  # the hooks need to know whether there is anybody to be told
        # A batch that is sealed while we leave would find us alive and nobody at work: so look again, without the lock.
        while batches.queued(project.database):
            with locks.try_lock(project.state.runner_lock) as mine:
                if not mine:
                    return
                project.state.waiting.write_text(f"{os.getpid()}\n")
                while queue := batches.queued(project.database):
                    run_batch(project, queue[0], environment)
                if project.location.is_private:
                    shadow_repo.tidy(project.git)
                project.state.waiting.unlink(missing_ok=True)


def run_batch(project: Project, batch: Batch, environment: Mapping[str, str]) -> None:
    """Take a batch from where it stands to its end: back it up, test its head, find out what broke or became slower.

    Then it is closed, and told.

    Raises:
        StoreError: the outcome could not be stored; the batch keeps waiting.
    """
    project = project.on(batch.branch)
    folder = project.state.run(f"batch-{batch.id}")
    progress = ProgressWriter(folder / "progress.ndjson")
    task = Task(batch, environment, progress, folder / "scratch")
    try:
        if batch.status in {BatchStatus.SEALED, BatchStatus.RUNNING}:
            batches.mark(project.database, batch.id, BatchStatus.RUNNING)
            _judge(project, task, _run(project, task))
        if _status(project, batch) is BatchStatus.SEARCHING:
            _search(project, task)
        if _status(project, batch) is BatchStatus.MEASURING:
            _measure(project, task)
        if _status(project, batch) is BatchStatus.CLOSING:
            close(project, task)
        announce(project, batch)
    finally:
        progress.close()


def _status(project: Project, batch: Batch) -> BatchStatus:
    return batches.get(project.database, batch.id).status


def _run(project: Project, task: Task) -> Run:
    """A batch's run; whatever keeps it from running is its outcome, lest it keep the queue waiting for ever."""
    started_at, batch = time.time(), task.batch
    try:
        task.progress.stage("backing up")
        wanted = Wanted(batch.head, changed=_prepare(project, batch))
        return run_on_commit(project, wanted, task.environment, task.progress, task.scratch)
    except StoreError:
        raise
    except BatchhookError as error:
        outcome = SuiteOutcome(broken=error.message, hint=error.hint, complete=False)
    except Exception as error:  # noqa: BLE001 - told in the verdict, and in the log
        traceback.print_exc()
        outcome = SuiteOutcome(broken=f"{type(error).__name__}: {error}", hint=f"see {project.state.log}")
    return Run(batch.changes[-1].tree, {}, started_at, outcome)


def _prepare(project: Project, batch: Batch) -> frozenset[str]:
    """Note the files that a batch touched, and back them up; gives their paths."""
    repository = backends.open_repository(project.location.common_dir)
    edits = {change.oid: object_db.file_edits(repository, change) for change in batch.changes}
    batches.add_edits(project.database, batch.id, edits)
    back_up(project.state, repository, batch)
    return frozenset(edit.path for these in edits.values() for edit in these)


def _judge(project: Project, task: Task, run: Run) -> None:
    """Store a run and its verdict; where tests failed, the search for what broke them is next."""
    number, verdict = task.batch.id, judge(run.outcome, project.settings.critical_failure_threshold)
    searching = bool(run.outcome.totals.failures) and project.settings.culprit_budget > 0
    runs.finish_batch(project.database, number, run, verdict, searching=searching)
    spawn.ensure_teller(project.location, project.database, task.environment)
    gate.settle(project)
    notices.leave(project.state, number, verdict, run.outcome)


def _search(project: Project, task: Task) -> None:
    """Find out what broke the failing tests of a batch that has its run."""
    done, number = of_number(project, task.batch.id), task.batch.id
    culprits = find_culprits(project, task, done.run)
    notices.leave_culprits(project.state, number, done.verdict, done.run.outcome, culprits.by_id)
    attributions.finish(project.database, number, culprits.states, culprits.by_test)


def _measure(project: Project, task: Task) -> None:
    """Find out whether tests of a batch that has its run became slower."""
    done, number = of_number(project, task.batch.id), task.batch.id
    found = find_slowdowns(project, task, done.run)
    slower = slowdown.summary(found)
    if slower:
        verdict = with_slowdowns(done.verdict, confirmed=True)
        notices.leave_slowdowns(project.state, number, verdict, done.run.outcome, slower)
    slowdowns.finish(project.database, number, found)


if __name__ == "__main__":
    main()
