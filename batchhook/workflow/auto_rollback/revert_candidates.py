"""The culprits of a batch: which of them can be reverted cleanly, and whether that fixes the tests that they broke."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from batchhook.core.batch import BatchStatus
from batchhook.core.commit import Commit
from batchhook.core.culprits.attribution import ProbeOutcome, group_by_culprit
from batchhook.core.events import RunListener
from batchhook.core.revert_check import RevertCheck, check_revert
from batchhook.core.rollback import deltas_to_revert
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError, ConflictError, NotFinishedError, UsageError
from batchhook.git import backends, merge, shadow_index, snapshot
from batchhook.git.location import read_head
from batchhook.store import attributions, locks, test_stats
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.culprits.probes import ProbeRequest, open_test_prober
from batchhook.workflow.rollback.execute import PreparedPlan
from batchhook.workflow.rollback.request import RollbackRequest, prepare_rollback
from batchhook.workflow.rollback.selection import for_batch, load_sealed_batch
from batchhook.workflow.suite.fingerprint import find_suite
from batchhook.workflow.suite.run import ensure_run


@dataclass(frozen=True, slots=True)
class RevertCandidates:
    """The culprits of a batch.

    Attributes:
        batch: its number.
        changes: those that can be reverted cleanly, oldest first.
        tests: ids of the tests that these broke.
        conflicts: the others, each with the files in which the same lines were changed since.
        head: the commit that HEAD was at.
        base: the commit in which they were reverted: HEAD, or a snapshot of the files if some were only recorded.
        tree: the result.
    """

    batch: int
    changes: tuple[Commit, ...]
    tests: tuple[str, ...]
    conflicts: Mapping[Commit, tuple[str, ...]]
    head: str
    base: str
    tree: str


def find_candidates(project: Project, number: int) -> RevertCandidates:
    """Find the culprits of a batch, and those of them that can be reverted cleanly.

    Raises:
        NoSuchBatchError, NotFinishedError: the batch does not exist, is still open, or is still searched.
        BatchhookError: it is on another branch; or none of its changes is known to have broken anything.
        ConflictError: none of them can be reverted cleanly.
    """
    batch = load_sealed_batch(project, number)
    if batch.status in {BatchStatus.SEALED, BatchStatus.RUNNING, BatchStatus.SEARCHING}:
        raise NotFinishedError(f"the culprits of batch {number} are not known yet", f"batchhook wait {number}")
    broken_by = group_by_culprit(attributions.load_by_test_id(project.database, number))
    culprits = [change for change in batch.changes if change.oid in broken_by]
    if not culprits:
        raise BatchhookError(
            f"none of batch {number}'s changes is known to have broken anything", f"batchhook analyze {number}"
        )
    candidates = _revert_each(project, number, culprits)
    if not candidates.changes:
        files = ", ".join(dict.fromkeys(path for paths in candidates.conflicts.values() for path in paths))
        raise ConflictError(
            f"later changes conflict with the culprits, in: {files}; nothing was changed",
            f"batchhook rollback {number} rolls the whole batch back; or git revert, and solve the conflicts",
        )
    return replace(candidates, tests=tuple(test for change in candidates.changes for test in broken_by[change.oid]))


def _revert_each(project: Project, number: int, culprits: Sequence[Commit]) -> RevertCandidates:
    """Revert changes one by one, newest first; those that conflict stay."""
    head = read_head(project.git, project.location).oid
    base = _snapshot_files(project, head) if any(change.is_recorded for change in culprits) else head
    objects = backends.open_repository(project.location.common_dir)
    tree = project.git.text("rev-parse", f"{base}^{{tree}}")
    reverted: list[Commit] = []
    conflicts: dict[Commit, tuple[str, ...]] = {}
    for change in reversed(culprits):
        merged = merge.revert_deltas(objects, tree, deltas_to_revert([change]))
        if merged.conflicts:
            conflicts[change] = merged.conflicts
        else:
            reverted.insert(0, change)
            tree = merged.tree
    return RevertCandidates(number, tuple(reverted), (), conflicts, head, base, tree)


def _snapshot_files(project: Project, head: str) -> str:
    """Return a snapshot of the work tree: it holds what was recorded, which no commit may do."""
    with locks.lock(project.state.recording_lock):
        tree = shadow_index.write_tree(project.git, project.location)
    return snapshot.commit_tree(project.git, tree, "batchhook: the work tree", *([head] if head else []))


def check_candidates(
    project: Project, candidates: RevertCandidates, environment: Mapping[str, str], listener: RunListener
) -> RevertCheck:
    """Run the suite in a private work tree without the candidates, and compare the results with those before.

    Tests that fail there run again in fresh processes, so that a flaky test does not decide.

    Raises:
        BatchhookError: the suite cannot be run without the changes, or only in place.
    """
    if project.settings.isolation is Isolation.IN_PLACE:
        raise BatchhookError("tests run in place here, so this cannot be checked without touching your files")
    title = f"batchhook: {candidates.base[:8]} without {', '.join(change.oid[:8] for change in candidates.changes)}"
    commit = snapshot.commit_tree(project.git, candidates.tree, title, candidates.base)
    before, after = (ensure_run(project, oid, environment, listener) for oid in (candidates.base, commit))
    failed = [result.test_id for result in after.result.results if result.outcome.is_failure]
    flaky = test_stats.load_flips(project.database, failed)
    check = check_revert(candidates.tests, before.result.results, after.result.results, flaky)
    if check.passes:
        return check
    doubtful = (*check.still_failing, *check.newly_failing)
    failing = _rerun(project, Revision(commit, candidates.tree), doubtful, environment)
    results = [result for result in after.result.results if result.test_id in failing]
    return check_revert(candidates.tests, before.result.results, results, flaky)


def _rerun(
    project: Project, revision: Revision, tests: tuple[str, ...], environment: Mapping[str, str]
) -> frozenset[str]:
    """Return the tests that do not pass when they run again."""
    suite = find_suite(project, environment)
    with open_test_prober(project, suite, project.state.run(f"revert-check-{os.getpid()}")) as prober:
        (result,) = prober.probe([ProbeRequest(revision, tests)])
    return frozenset(test for test, outcome in result.outcomes.items() if outcome is not ProbeOutcome.PASSED)


def check_culprit_rollback(
    project: Project, request: RollbackRequest, environment: Mapping[str, str], listener: RunListener
) -> tuple[RevertCandidates, RevertCheck]:
    """Find the culprits of the batch that a request names, and check that reverting them helps.

    Raises:
        UsageError: the request is not about one whole batch.
        BatchhookError: as for ``find_candidates`` and ``check_candidates``; or the changes cannot be reverted in the
            work tree, which is found out before any test runs.
    """
    batches = request.batch_range
    if batches is None or batches[0] != batches[1] or request.changes or request.paths:
        raise UsageError("--culprit applies to one whole batch", "batchhook rollback 3 --culprit")
    project.reconcile()
    candidates = find_candidates(project, batches[0])
    selected = for_batch(project, candidates.batch, candidates.changes)
    with prepare_rollback(project, request, selected=selected):
        pass
    return candidates, check_candidates(project, candidates, environment, listener)


@contextmanager
def prepare_culprit_rollback(
    project: Project, request: RollbackRequest, candidates: RevertCandidates, check: RevertCheck
) -> Iterator[PreparedPlan]:
    """Plan to revert checked candidates; it can be carried out inside the block.

    Raises:
        ConflictError: the check failed; or as for ``prepare_rollback``.
    """
    if not check.passes:
        raise ConflictError(
            "without these changes the tests do not pass; nothing was changed",
            f"batchhook rollback {candidates.batch} rolls the whole batch back",
        )
    selected = for_batch(project, candidates.batch, candidates.changes)
    with prepare_rollback(project, request, selected=selected, head=candidates.head) as prepared:
        yield prepared
