"""Putting together what a batch's run tells, and where everything stands."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from batchhook.core.analysis import Analysis
from batchhook.core.changes import Batch, BatchStatus, Commit, FileEdit
from batchhook.core.comparison import Compared, Comparison, compare
from batchhook.core.culprits.attribution import by_change
from batchhook.core.operations import Operation
from batchhook.core.results import TestResult, Totals
from batchhook.core.verdict import Verdict
from batchhook.errors import GitError, NotFinishedError
from batchhook.git.history import commits
from batchhook.lazy import Late
from batchhook.store import (
    acknowledgements,
    attributions,
    auto_rollbacks,
    baselines,
    batches,
    integration_errors,
    outbox,
    runs,
    slowdowns,
    test_stats,
)
from batchhook.store.baselines import Baseline
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.project import Project
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.status import gate, notices
from batchhook.workflow.status.wait import UnderWay, of_number, under_way

if TYPE_CHECKING:
    from batchhook.git import backends, object_db
else:
    backends = Late("batchhook.git.backends")
    object_db = Late("batchhook.git.object_db")


def analyze(project: Project, number: int) -> Analysis:
    """What a finished batch's run tells; its verdict counts as seen with this.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
    """
    found = analyzed(project, number)
    notices.take(project.state, number)
    return found


def analyzed(project: Project, number: int) -> Analysis:
    """The same, for ourselves: its verdict does not count as seen by anybody.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
    """
    done = of_number(project, number)
    results = done.run.outcome.results
    previous = batches.previous_finished(project.database, number)
    before = runs.of_batch(project.database, previous) if previous else None
    compared = before[0].outcome.results if before else ()
    baseline = baselines.current(project.database)
    found = attributions.by_id(project.database, number)
    slower = slowdowns.of_batch(project.database, number)
    return Analysis(
        batch=done.batch,
        edits=batches.edits(project.database, number),
        verdict=done.verdict,
        outcome=done.run.outcome,
        python=str(done.run.suite.get("python", "")),
        tree=done.run.tree,
        tested_at=done.run.started_at,
        is_remembered=runs.is_remembered(project.database, number),
        critical_threshold=project.on(done.batch.branch).settings.critical_failure_threshold,
        previous=previous,
        since_previous=compare(results, compared),
        baseline=baseline.oid if baseline else "",
        since_baseline=_since(project, results, baseline),
        flips=test_stats.flips(project.database, (result.test_id for result in results if result.outcome.is_failure)),
        attributions=found,
        is_searching=done.batch.status is BatchStatus.SEARCHING,
        slowdowns=slower,
        is_measuring=done.batch.status is BatchStatus.MEASURING,
        between=_between(project, done.batch, [*by_change(found), *(each.change for each in slower if each.change)]),
        way_back=auto_rollbacks.of_batch(project.database, number),
        metrics=outbox.metrics(project.database, number),
        troubles=integration_errors.standing(project.database),
    )


def _since(project: Project, results: Sequence[TestResult], baseline: Baseline | None) -> Compared:
    """What is different since the baseline; nothing where there is none."""
    if baseline is None:
        return Compared(Comparison())
    return compare(results, runs.get(project.database, baseline.run).outcome.results)


def _between(project: Project, batch: Batch, blamed: Iterable[str]) -> dict[str, Commit]:
    """Commits that are to blame and are none of a batch's changes; without those that git no longer has."""
    known = {change.oid for change in batch.changes}
    strangers = [oid for oid in dict.fromkeys(blamed) if oid not in known]
    try:
        return {commit.oid: commit for commit in commits(project.git, strangers)}
    except GitError:
        return {}


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch in a list.

    Attributes:
        batch: open ones come with their changes, too.
        verdict, totals: of its run; None where it has none yet.
    """

    batch: Batch
    verdict: Verdict | None = None
    totals: Totals | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Where everything stands.

    Attributes:
        count: the open batch of the branch that is checked out; None in the middle of a rebase.
        latest: the latest full batches, newest first.
        under_way: the full ones about which not everything is known, oldest first.
        unseen: what is to be told of batches that did not pass and that nobody has looked at, in lines, by batch.
        critical: the batch of this branch that failed critically, and about which nothing was done; None for none.
        cut_short: the operation that was interrupted in this work tree; None for none.
    """

    count: Count | None
    latest: tuple[Entry, ...]
    under_way: tuple[UnderWay, ...] = ()
    unseen: Mapping[int, Sequence[str]] = field(default_factory=dict)
    critical: int | None = None
    cut_short: Operation | None = None


def status(project: Project, most: int = 5) -> Status:
    """Where everything stands, after a look at the graph."""
    count = project.reconcile()
    gate.settle(project)  # the setting may have changed
    latest = tuple(_entry(project, batch) for batch in batches.latest(project.database, most, full=True))
    return Status(
        count,
        latest,
        under_way(project),
        {number: said for number, said in notices.unseen(project.state).items() if not _passed(project, number)},
        acknowledgements.standing(project.database).get(count.branch) if count else None,
        interrupted.find(project.database, project.location),
    )


def _passed(project: Project, number: int) -> bool:
    """Whether nothing has to be done about a batch; one that was pruned is forgotten."""
    found = runs.totals(project.database, number)
    return found is None or found[0].is_good


def log(project: Project, most: int) -> tuple[Entry, ...]:
    """The latest batches, newest first; open ones of other branches without their changes."""
    return tuple(_entry(project, batch) for batch in batches.latest(project.database, most))


def _entry(project: Project, batch: Batch) -> Entry:
    if batch.status is not BatchStatus.FINISHED:
        return Entry(batch)
    found = runs.totals(project.database, batch.id)
    return Entry(batch) if found is None else Entry(batch, *found)


def show(project: Project, number: int) -> tuple[Entry, dict[str, tuple[FileEdit, ...]]]:
    """One batch, open or not, with the files that its changes touched.

    Raises:
        NoSuchBatchError: there is no such batch.
        NotFinishedError: it is the open batch of a branch that is not checked out.
    """
    count = project.reconcile()
    batch = batches.get(project.database, number)
    if batch.status is BatchStatus.OPEN:
        if count is None or count.batch != number:
            name = batch.branch.removeprefix("refs/heads/")
            raise NotFinishedError(f"batch {number} is the open batch of {name}", f"git switch {shlex.quote(name)}")
        batch = count.as_batch()
    edits = batches.edits(project.database, number)
    if not edits and batch.changes:
        repository = backends.open_repository(project.location.common_dir)
        edits = {change.oid: object_db.file_edits(repository, change) for change in batch.changes}
    return _entry(project, batch), edits
