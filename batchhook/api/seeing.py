"""Seeing: what is counted, what runs, what came of it."""

from __future__ import annotations

import os

from batchhook.api.opening import Opening
from batchhook.errors import NotFinishedError
from batchhook.report import json_models
from batchhook.workflow import serializers as composed
from batchhook.workflow.status import analyze as analysis, gate, spawn, wait as status_wait


class Seeing(Opening):
    """A part of ``Workflow``."""

    def status(self) -> json_models.StatusDocument:
        """Where the open batch stands, and the latest full batches; starts the runner if one waits for it."""
        with self._opened() as project:
            found = analysis.status(project)
            spawn.wake(project.location, project.database, os.environ, found.count)
            return composed.status_document(found)

    def log(self, most: int = 20) -> json_models.LogDocument:
        """The latest batches, newest first."""
        with self._opened() as project:
            project.reconcile()
            return composed.log_document(analysis.log(project, most))

    def show(self, number: int) -> json_models.EntryDocument:
        """One batch, open or not, with its changes and the files that they touched.

        Raises:
            NoSuchBatchError: there is no such batch.
            NotFinishedError: it is the open batch of a branch that is not checked out.
        """
        with self._opened() as project:
            return composed.show_document(*analysis.show(project, number))

    def wait(self, number: int | None = None, timeout: float | None = None) -> json_models.AnalysisDocument:
        """Wait until all is known of a batch.

        Args:
            number: the batch; the latest full one if it is None.
            timeout: seconds to wait at most; None for any.

        Raises:
            NoSuchBatchError: there is no such batch.
            NothingFullError: no batch is full yet, or this one is open.
            NotFinishedError: the time is up; the run goes on.
        """
        with self._opened() as project:
            count = project.reconcile()
            chosen = status_wait.full_batch(project, number)
            spawn.wake(project.location, project.database, os.environ, count)
            for _ in status_wait.follow(project, chosen, status_wait.deadline(timeout)):
                pass
            if status_wait.standing(project, chosen) is not None:
                raise NotFinishedError(f"not all is known of batch {chosen} yet", f"batchhook wait {chosen}")
            return composed.analysis_document(analysis.analyze(project, chosen))

    def analyze(self, number: int) -> json_models.AnalysisDocument:
        """What a batch's run told; ``searching`` as long as it is being found out what broke the failing tests.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
        """
        with self._opened() as project:
            count = project.reconcile()
            spawn.wake(project.location, project.database, os.environ, count)
            return composed.analysis_document(analysis.analyze(project, number))

    def ack(self, number: int) -> None:
        """Take a batch that failed critically as it is.

        Raises:
            NoSuchBatchError, BatchhookError: there is no such batch, or it did not fail critically.
            NothingToDoError: something was done about it before.
        """
        with self._opened() as project:
            gate.acknowledge(project, number)
