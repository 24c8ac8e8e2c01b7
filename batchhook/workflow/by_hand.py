"""Running the suite when somebody asks."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from batchhook.errors import BatchhookError
from batchhook.git.location import read_head
from batchhook.store import runs
from batchhook.store.runs import Run
from batchhook.workflow.project import Project
from batchhook.workflow.suite_run import RunListener, run_on_commit


@dataclass(frozen=True, slots=True)
class Tested:
    """A run by hand.

    Attributes:
        commit: what was tested.
        has_more: whether the work tree holds changes that were not tested, since they are not committed.
    """

    commit: str
    run: Run
    has_more: bool


def run_head(project: Project, listener: RunListener, pattern: str | None = None) -> Tested:
    """Run the suite, or the part of it in files of a pattern, on what is committed at HEAD, and store the outcome.

    Raises:
        BatchhookError: nothing is committed yet.
    """
    head = read_head(project.git, project.location)
    if not head.oid:
        raise BatchhookError("nothing is committed here yet", "git commit first: what is tested is what is committed")
    if pattern is not None:
        project = replace(project, settings=replace(project.settings, pattern=pattern))
    has_more = bool(project.git.text("status", "--porcelain", "--untracked-files=normal"))
    scratch = project.state.run(f"by-hand-{os.getpid()}")
    run = run_on_commit(project, head.oid, os.environ, listener, scratch)
    runs.add(project.database, run)
    return Tested(head.oid, run, has_more)
