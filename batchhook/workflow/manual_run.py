"""Running the suite when somebody asks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from batchhook.core.results import Run
from batchhook.core.settings import Isolation, Order
from batchhook.errors import NothingToDoError
from batchhook.git import shadow_index
from batchhook.git.location import read_head
from batchhook.store import locks, runs, test_stats
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import here
from batchhook.workflow.status import gate
from batchhook.workflow.suite.run import RunListener, Wanted, run_on_commit


@dataclass(frozen=True, slots=True)
class Tested:
    """A run by hand.

    Attributes:
        commit: what HEAD was; without git, or where that was asked for, what was recorded last.
        remembered: whether it was not run now, since the same suite had run on the same tree before.
        has_more: whether the work tree holds changes that were not tested, since they are not committed (recorded).
        flips: how often failing tests both failed and did not on one tree, by id; without those that never did.
    """

    commit: str
    run: Run
    remembered: bool
    has_more: bool
    flips: Mapping[str, int]


def run_head(project: Project, listener: RunListener, wanted: Wanted, *, recorded: bool = False) -> Tested:
    """Run the suite, or some of its tests, on what is committed at HEAD (recorded last), and store the outcome.

    Args:
        project: the repository, with the settings that hold for this run.
        listener: is told how it goes.
        wanted: what to run; its commit is HEAD.
        recorded: whether to run it on the last step instead: what was recorded after HEAD, if anything was.

    Raises:
        BatchhookError: nothing is committed (recorded) yet.
    """
    oid, branch = _last_step(project) if recorded else "", read_head(project.git, project.location).branch
    oid = oid or here(project)
    has_more = project.settings.isolation is not Isolation.IN_PLACE and _has_more(project, oid, recorded=recorded)
    scratch = project.state.run(f"by-hand-{os.getpid()}")
    run = run_on_commit(project, replace(wanted, commit=oid), os.environ, listener, scratch)
    remembered = bool(run.id)
    if not remembered:
        run = replace(run, id=runs.add(project.database, run))
    gate.note_run(project, branch, run)
    failed = (result.test_id for result in run.outcome.results if result.outcome.is_failure)
    return Tested(oid, run, remembered, has_more, test_stats.flips(project.database, failed))


def _last_step(project: Project) -> str:
    count = project.reconcile()
    return count.last.oid if count and count.last else ""


def _has_more(project: Project, oid: str, *, recorded: bool) -> bool:
    if not recorded and not project.location.is_private:
        return bool(project.git.text("status", "--porcelain", "--untracked-files=normal"))
    with locks.lock(project.state.recording_lock):
        files = shadow_index.tree_of_files(project.git, project.location)
    return files != project.git.text("rev-parse", f"{oid}^{{tree}}")


def wanted(
    project: Project,
    tests: Sequence[str] = (),
    *,
    failed: bool = False,
    fresh: bool = False,
    order: Order | None = None,
) -> Wanted:
    """What somebody asks for who asks for a run.

    Args:
        project: the repository.
        tests: ids of tests, classes or modules; none for all.
        failed: of these, only those that failed when they last ran.
        fresh: whether to run what was run before.
        order: as it was said for this run; ``auto`` finds out anew which tests need an order.

    Raises:
        NothingToDoError: with ``failed``, where none did.
    """
    only = failing(project, tests) if failed else tuple(tests)
    anew = order is Order.AUTO
    return Wanted(only=only, fresh=fresh or anew, anew=anew)


def failing(project: Project, among: Sequence[str]) -> tuple[str, ...]:
    """Ids of the tests that failed when they last ran, sorted.

    Args:
        project: the repository.
        among: ids of tests, classes or modules that they have to be of; none for all.

    Raises:
        NothingToDoError: none did.
    """
    names = test_stats.load(project.database).failing
    found = tuple(sorted(name for name in names if not among or any(f"{name}.".startswith(f"{one}.") for one in among)))
    if not found:
        raise NothingToDoError("no test failed when it last ran", "batchhook test runs all of them")
    return found
