"""Running the suite when somebody asks."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from batchhook.core.outcomes import Run
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError
from batchhook.git.location import read_head
from batchhook.store import history, runs
from batchhook.workflow.project import Project
from batchhook.workflow.suite_run import RunListener, Wanted, run_on_commit


@dataclass(frozen=True, slots=True)
class Tested:
    """A run by hand.

    Attributes:
        commit: what HEAD was.
        remembered: whether it was not run now, since the same suite had run on the same tree before.
        has_more: whether the work tree holds changes that were not tested, since they are not committed.
    """

    commit: str
    run: Run
    remembered: bool
    has_more: bool


def run_head(project: Project, listener: RunListener, wanted: Wanted) -> Tested:
    """Run the suite, or some of its tests, on what is committed at HEAD, and store the outcome.

    Args:
        project: the repository, with the settings that hold for this run.
        listener: is told how it goes.
        wanted: what to run; its commit is HEAD.

    Raises:
        BatchhookError: nothing is committed yet.
    """
    head = read_head(project.git, project.location)
    if not head.oid:
        raise BatchhookError("nothing is committed here yet", "git commit first: what is tested is what is committed")
    in_place = project.settings.isolation is Isolation.IN_PLACE
    has_more = not in_place and bool(project.git.text("status", "--porcelain", "--untracked-files=normal"))
    scratch = project.state.run(f"by-hand-{os.getpid()}")
    run = run_on_commit(project, replace(wanted, commit=head.oid), os.environ, listener, scratch)
    remembered = bool(run.id)
    if not remembered:
        run = replace(run, id=runs.add(project.database, run))
    return Tested(head.oid, run, remembered, has_more)


def failing(project: Project) -> tuple[str, ...]:
    """Ids of the tests that failed when they last ran, sorted."""
    return tuple(sorted(history.load(project.database).failing))
