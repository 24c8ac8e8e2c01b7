"""The guilty changes of a batch: which of them come out cleanly, and the proof that this mends what they broke."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from batchhook.core.changes import BatchStatus, Commit
from batchhook.core.culprits.attribution import Sight, by_change
from batchhook.core.revert_check import Proof, prove
from batchhook.core.rollback import steps_back
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError, ConflictError, NotFinishedError
from batchhook.git import backends, merge, shadow_index, snapshot
from batchhook.git.location import read_head
from batchhook.store import attributions, locks, test_stats
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import State
from batchhook.workflow.culprits.probes import Order, visiting
from batchhook.workflow.rollback.execute import Planned
from batchhook.workflow.rollback.request import How
from batchhook.workflow.rollback.rollback import planned_rollback
from batchhook.workflow.rollback.selection import of_batch, sealed
from batchhook.workflow.suite.fingerprint import find_suite
from batchhook.workflow.suite.run import RunListener, run_stored

_PLAIN = How()


@dataclass(frozen=True, slots=True)
class Guilty:
    """The guilty changes of a batch.

    Attributes:
        changes: those that come out of what is there cleanly, oldest first.
        tests: ids of the tests that these broke.
        stuck: those that do not, each with the files whose lines were changed since.
        head: the commit that HEAD was at.
        there: what they were taken out of: that commit, or a snapshot of the files where some are only recorded.
        without: the tree that is left.
    """

    changes: tuple[Commit, ...]
    tests: tuple[str, ...]
    stuck: Mapping[Commit, tuple[str, ...]]
    head: str
    there: str
    without: str


def find_guilty(project: Project, number: int) -> Guilty:
    """The changes of a batch that broke something, and those of them that come out cleanly.

    Raises:
        NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open, or its search goes on.
        BatchhookError: the batch is another branch's; or none of its changes is known to have broken anything.
        ConflictError: none of them comes out cleanly.
    """
    batch = sealed(project, number)
    if batch.status in {BatchStatus.SEALED, BatchStatus.RUNNING, BatchStatus.SEARCHING}:
        raise NotFinishedError(f"what broke in batch {number} is not found out yet", f"batchhook wait {number}")
    blamed = by_change(attributions.by_id(project.database, number))
    accused = [change for change in batch.changes if change.oid in blamed]
    if not accused:
        raise BatchhookError(
            f"none of batch {number}'s changes is known to have broken anything", f"batchhook analyze {number}"
        )
    guilty = _clean(project, accused)
    if not guilty.changes:
        files = ", ".join(dict.fromkeys(path for paths in guilty.stuck.values() for path in paths))
        raise ConflictError(
            f"what they did was changed since, in: {files}; nothing was touched",
            f"batchhook rollback {number} takes the whole batch out; or git revert, and solve the conflicts",
        )
    return replace(guilty, tests=tuple(name for change in guilty.changes for name in blamed[change.oid]))


def _clean(project: Project, accused: Sequence[Commit]) -> Guilty:
    """Take changes out of what is there, one after the other, newest first; those that conflict stay."""
    head = read_head(project.git, project.location).oid
    there = _with_recorded(project, head) if any(change.is_record for change in accused) else head
    repository = backends.open_repository(project.location.common_dir)
    tree = project.git.text("rev-parse", f"{there}^{{tree}}")
    out: list[Commit] = []
    stuck: dict[Commit, tuple[str, ...]] = {}
    for change in reversed(accused):
        merged = merge.take_out(repository, tree, steps_back([change]))
        if merged.conflicts:
            stuck[change] = merged.conflicts
        else:
            out.insert(0, change)
            tree = merged.tree
    return Guilty(tuple(out), (), stuck, head, there, tree)


def _with_recorded(project: Project, head: str) -> str:
    """A snapshot of the files: what was recorded is there, and perhaps nowhere else."""
    with locks.lock(project.state.recording_lock):
        tree = shadow_index.tree_of_files(project.git, project.location)
    return snapshot.commit_of_tree(project.git, tree, "batchhook: the work tree", *([head] if head else []))


def prove_guilty(project: Project, guilty: Guilty, environment: Mapping[str, str], listener: RunListener) -> Proof:
    """Run the suite in a private work tree without the guilty changes, and compare it with what is there.

    What fails there is looked at once more in fresh processes, so that a flake refutes nothing.

    Raises:
        BatchhookError: the suite cannot be run without the changes, or only in place.
    """
    if project.settings.isolation is Isolation.IN_PLACE:
        raise BatchhookError("tests run in place here: nothing can be proven without touching your files")
    message = f"batchhook: {guilty.there[:8]} without {', '.join(change.oid[:8] for change in guilty.changes)}"
    commit = snapshot.commit_of_tree(project.git, guilty.without, message, guilty.there)
    before, after = (run_stored(project, oid, environment, listener) for oid in (guilty.there, commit))
    failed = [result.test_id for result in after.outcome.results if result.outcome.is_failure]
    flaky = test_stats.flips(project.database, failed)
    proof = prove(guilty.tests, before.outcome.results, after.outcome.results, flaky)
    if proof.holds:
        return proof
    failing = _still_failing(project, State(commit, guilty.without), proof, environment)
    results = [result for result in after.outcome.results if result.test_id in failing]
    return prove(guilty.tests, before.outcome.results, results, flaky)


def _still_failing(project: Project, state: State, proof: Proof, environment: Mapping[str, str]) -> frozenset[str]:
    doubtful = (*proof.unmended, *proof.broken)
    suite = find_suite(project, environment)
    with visiting(project, suite, project.state.run(f"proof-{os.getpid()}")) as visits:
        (made,) = visits.make([Order(state, doubtful)])
    return frozenset(name for name, sight in made.sights.items() if sight is not Sight.PASSED)


def find_and_prove(
    project: Project, number: int, environment: Mapping[str, str], listener: RunListener, how: How = _PLAIN
) -> tuple[Guilty, Proof]:
    """Find the guilty changes of a batch, and prove that it helps to take them out.

    Raises:
        BatchhookError: as for ``find_guilty`` and ``prove_guilty``; or the changes cannot be taken out of the work tree
            as it is, which is said before anything is run.
    """
    found = find_guilty(project, number)
    with planned_rollback(project, of_batch(project, number, found.changes), how):
        pass
    return found, prove_guilty(project, found, environment, listener)


def planned(
    project: Project, number: int, found: Guilty, proof: Proof, how: How = _PLAIN
) -> AbstractContextManager[Planned]:
    """Plan to take the guilty changes out, for the length of a block.

    Raises:
        ConflictError: the proof does not hold; or as for ``planned_rollback``.
    """
    if not proof.holds:
        raise ConflictError(
            "without these changes the tests do not pass; nothing was touched",
            f"batchhook rollback {number} takes the whole batch out",
        )
    return planned_rollback(project, of_batch(project, number, found.changes), how, head=found.head)
