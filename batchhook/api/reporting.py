"""Reports, and what is compared with a baseline."""

from __future__ import annotations

import os
from collections.abc import Sequence

from batchhook.api.opening import Opening, Quiet
from batchhook.core.verdict import judge
from batchhook.report import json_models
from batchhook.workflow import baseline, serializers as composed
from batchhook.workflow.reports import export, write


class Reporting(Opening):
    """A part of ``Workflow``."""

    def report(self, number: int) -> json_models.ReportDocument:
        """Write a batch's own reports anew, with all that is known by now, and say where they are.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
        """
        with self._opened() as project:
            return composed.report_document(number, write.write_own(project, number))

    def export(
        self,
        folder: str | os.PathLike[str] = "test_batch_logs",
        *,
        batches: Sequence[int] | None = None,
        most: int | None = 20,
        backups: bool = False,
    ) -> json_models.ExportDocument:
        """Write reports into a folder.

        Args:
            folder: seen from the ``Workflow``'s; made where it is missing.
            batches: whose own files are wanted; else those of the latest.
            most: so many of the latest, or all with None.
            backups: the files as they were before these batches, too.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or it has no run yet; nothing was written.
            StoreError: a backup is damaged.
            OSError: the folder cannot be written.
        """
        with self._opened() as project:
            project.reconcile()
            chosen = export.latest(project, most) if batches is None else batches
            return composed.export_document(
                export.export(project, self._folder / folder, chosen, with_backups=backups, told=export.silent)
            )

    def set_baseline(self, revision: str = "HEAD", *, force: bool = False) -> json_models.BaselineDocument:
        """Make a commit's outcomes the baseline; tests are run if they were not on these files.

        Args:
            revision: which commit.
            force: even if tests fail: they are taken as given.

        Raises:
            BatchhookError: there is no such commit, its suite cannot be run, or tests fail and ``force`` is off.
        """
        with self._opened() as project:
            return composed.baseline_document(
                *baseline.set_baseline(project, revision, os.environ, Quiet(), force=force)
            )

    def baseline(self) -> json_models.BaselineDocument:
        """The baseline that holds now.

        Raises:
            BatchhookError: none was set.
        """
        with self._opened() as project:
            return composed.baseline_document(*baseline.shown(project))

    def compare(self, revision: str = "HEAD") -> json_models.BaselineComparisonDocument:
        """What is different at a commit since the baseline.

        Raises:
            BatchhookError: there is no baseline, no such commit, or its suite cannot be run.
        """
        with self._opened() as project:
            found = baseline.compare_with_baseline(project, revision, os.environ, Quiet())
            verdict = judge(found.run.outcome, project.settings.critical_failure_threshold)
            return composed.measured_document(found, verdict)
