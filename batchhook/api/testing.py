"""What is done by hand: running tests, recording changes, searching history."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from batchhook.api.opening import Opening, Quiet
from batchhook.core.settings import Isolation, Order
from batchhook.core.verdict import judge
from batchhook.report import json_models
from batchhook.workflow import manual_run, serializers as composed
from batchhook.workflow.culprits import bisect, request
from batchhook.workflow.recording.record import record
from batchhook.workflow.rollback import selection
from batchhook.workflow.status import spawn


class Testing(Opening):
    """A part of ``Workflow``."""

    def run(
        self,
        tests: Sequence[str] = (),
        *,
        pattern: str | None = None,
        failed: bool = False,
        fail_fast: bool = False,
        fresh: bool = False,
        jobs: int | None = None,
        order: Order | str | None = None,
        in_place: bool = False,
    ) -> json_models.TestDocument:
        """Run the suite now, on exactly what is committed at HEAD; fills no batch.

        Args:
            tests: only these: ids of tests, classes or modules.
            pattern: only these files.
            failed: only those that failed when they last ran.
            fail_fast: end at the first failure.
            fresh: run even what was run before.
            jobs: processes side by side; 0 for all processors.
            order: ``original`` for unittest's own; ``auto`` finds anew whether tests need one.
            in_place: test the work tree as it is.

        Raises:
            BatchhookError: nothing is committed yet.
            NothingToDoError: with ``failed``, where no test did.
        """
        isolation = Isolation.IN_PLACE if in_place else None
        with self._opened(pattern=pattern, jobs=jobs, order=order, isolation=isolation) as project:
            said = None if order is None else project.settings.order
            wanted = manual_run.wanted(project, tests, failed=failed, fresh=fresh, order=said)
            done = manual_run.run_head(project, Quiet(), replace(wanted, fail_fast=fail_fast))
            return composed.tested_document(done, judge(done.run.outcome, project.settings.critical_failure_threshold))

    def record(self, description: str = "", paths: Sequence[str | os.PathLike[str]] = ()) -> json_models.RecordDocument:
        """Count a change without a commit: a snapshot of the whole work tree as it is.

        When it fills a batch, the tests run in the background: ``wait`` follows them.

        Args:
            description: why it was done; empty for the names of the files.
            paths: what the change is about; relative to the folder that this object was made for.

        Returns:
            the change; ``change`` is None where nothing had changed since the step before, and nothing was counted.

        Raises:
            ConflictError: git is in the middle of something, or an operation was interrupted.
            GitError: a file cannot be read.
        """
        with self._opened() as project:
            these = selection.paths_from_top(project, self._folder, [os.fspath(path) for path in paths])
            done = record(project, description, these)
            spawn.wake(project.location, project.database, os.environ, done.count)
            return composed.recorded_document(done)

    def bisect(
        self,
        tests: Sequence[str] = (),
        *,
        good: str,
        bad: str = "HEAD",
        command: str | None = None,
        timeout: float | None = None,
        budget: float | None = None,
        jobs: int | None = None,
        fresh: bool = False,
    ) -> json_models.BisectDocument:
        """Find the commit that broke tests, or a command, among any number; touches none of your files.

        Args:
            tests: their ids.
            good: a commit in which they pass.
            bad: a later one in which they fail.
            command: instead of tests; it is good where it ends with 0, to be skipped with 125, else bad.
            timeout: seconds that the command may take in one commit.
            budget: seconds after which what is known is told.
            jobs: commits that are looked at side by side, up to 4.
            fresh: look even at what was seen before.

        Raises:
            UsageError: neither tests nor a command are named, or both.
            BatchhookError: there are no such commits, or what is searched for does not fail in the later one.
        """
        wanted = request.asked(
            tests, good, bad, os.environ, command=command, timeout=timeout, budget=budget, fresh=fresh
        )
        with self._opened(jobs=jobs) as project:
            scratch = project.state.run(f"bisect-{os.getpid()}")
            return json_models.bisect_document(bisect.bisect(project, wanted, lambda _: None, scratch))
