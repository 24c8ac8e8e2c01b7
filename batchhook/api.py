"""The public Python API: everything that the commands do, for programs (``docs/api.md``)."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from batchhook.core.events import RunListener, ignore_event
from batchhook.core.progress import Progress
from batchhook.core.rollback import RollbackMode, parse_batch_range
from batchhook.core.settings import Isolation, RunOrder
from batchhook.core.verdict import judge_suite
from batchhook.errors import NoRepositoryError, NotFinishedError
from batchhook.git.location import locate
from batchhook.report import json_models
from batchhook.store import operations as stored_operations
from batchhook.store.restorations import RestorationStore
from batchhook.workflow import backups, baseline, manual_run, serializers
from batchhook.workflow.auto_rollback.revert_candidates import check_culprit_rollback, prepare_culprit_rollback
from batchhook.workflow.ci.run import CiRequest, run_ci
from batchhook.workflow.context import interrupted
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.culprits import bisect
from batchhook.workflow.culprits.request import bisect_request
from batchhook.workflow.notify import notifications
from batchhook.workflow.recording.record import record
from batchhook.workflow.reports import export, write
from batchhook.workflow.restore.apply import PreparedRestore, prepare_restore, prepare_restore_undo
from batchhook.workflow.retention import prune
from batchhook.workflow.rollback.execute import PreparedPlan
from batchhook.workflow.rollback.recovery import prepare_recovery
from batchhook.workflow.rollback.request import RollbackRequest, prepare_rollback
from batchhook.workflow.rollback.selection import paths_from_top
from batchhook.workflow.rollback.undo import prepare_redo, prepare_undo
from batchhook.workflow.setup import doctor, install, shadow_init
from batchhook.workflow.status import analyze, gate, overview, spawn, wait
from batchhook.workflow.suite.engine_list import list_engines
from batchhook.workflow.watching.debounced_events import DebouncedEvents
from batchhook.workflow.watching.events import WatchEvent
from batchhook.workflow.watching.runs import lock_worktree
from batchhook.workflow.watching.session import WatchSession
from batchhook.workflow.watching.watch_roots import resolve_roots

_PathLike = str | os.PathLike[str]
_MAX_BURST = 5.0


class Workflow:
    """A repository with batchhook, or one to install it in.

    Each method does what the command of its name does, and returns what that command prints with ``--json``, as a
    frozen pydantic model. Where a command exits with 3 or more, the method raises a ``BatchhookError`` with a message
    and a hint. Failing tests are not an error: they are in the returned document.

    As a context manager, it keeps the repository open between calls, in one thread; otherwise each call opens it.

    Args:
        folder: any folder inside the work tree.
        settings: those of ``docs/guide.md``, which override the configuration for the calls of this object. The
            background runner that tests full batches uses the configuration.
    """

    def __init__(self, folder: _PathLike = ".", **settings: object) -> None:
        self._folder = Path(folder)
        self._settings = settings
        self._stack = ExitStack()
        self._project: Project | None = None

    def __enter__(self) -> Workflow:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._project = self._stack.enter_context(open_project(self._folder, flags=self._settings))
        return self

    def __exit__(self, *_: object) -> None:
        self._project = None
        self._stack.close()

    @contextmanager
    def _open(self, **settings: object) -> Iterator[Project]:
        """Yield the repository: the one that is kept open, unless settings are given."""
        given = {name: value for name, value in settings.items() if value is not None}
        if self._project is not None and not given:
            yield self._project
            return
        with open_project(self._folder, flags={**self._settings, **given}) as project:
            yield project

    def _paths(self, project: Project, paths: Iterable[_PathLike]) -> tuple[str, ...]:
        return paths_from_top(project, self._folder, [os.fspath(path) for path in paths])

    # Setup

    def install(self, *, shared: bool = False, python: str | None = None) -> json_models.InstallDocument:
        """Install the git hooks; existing hooks keep running, and records from before there was git are imported.

        Args:
            shared: write to the hooks folder that all of the user's repositories use, and not for this one alone.
            python: the Python that runs the tests from now on: a path, an environment's folder, a command on the path,
                or ``auto``; None keeps the one that was chosen before, or lets the first run choose.

        Raises:
            BatchhookError: the hooks folder cannot be written or comes from the environment, a configuration names
                our hooks that pre-commit did not install, or that Python cannot run the tests.
        """
        location = locate(self._folder)
        installation = install.install(location, location.git(), shared=shared)
        if python is not None:
            chosen = install.choose_python(location, python, self._folder, os.environ)
            installation = replace(installation, python=chosen)
        return serializers.install_document(install.with_suites(installation, location, os.environ))

    def uninstall(self) -> json_models.UninstallDocument:
        """Remove the hooks and restore those they replaced; recorded data stays.

        Raises:
            BatchhookError: the folder cannot be written, or pre-commit runs batchhook and goes on to.
        """
        location = locate(self._folder)
        return serializers.uninstall_document(install.uninstall(location, location.git()))

    def begin_without_git(self) -> None:
        """Start counting in a folder outside any git repository, as ``record --yes`` does; else do nothing.

        The files as they are now are the starting point.

        Raises:
            BatchhookError: the folder is not suitable, or cannot be written.
        """
        try:
            locate(self._folder)
        except NoRepositoryError:
            shadow_init.init_shadow_repo(self._folder, os.environ)

    def doctor(self) -> json_models.DoctorDocument:
        """Check the installation, the Python that runs the tests, and test discovery."""
        location = locate(self._folder)
        return serializers.doctor_document(doctor.run_checks(location, location.git(), os.environ))

    def engines(self) -> json_models.EnginesDocument:
        """List the test frameworks and commands that batchhook knows, which fit here, and what each runs."""
        location = locate(self._folder)
        return serializers.engines_document(list_engines(location, location.git(), os.environ))

    def risk(self, revision: str = "", *, evaluate: bool = False) -> json_models.RiskDocument:
        """Predict which changes break something, and which tests, from this repository's own history.

        Args:
            revision: a commit, or a range ``A..B``; by default what is not pushed, or the open batch.
            evaluate: only test predictions on the history, against simple rules.

        Raises:
            UsageError: a revision is given for an evaluation.
            BatchhookError: scikit-learn is not installed, or there is no such commit.
        """
        from batchhook.workflow.prediction.risk import query_risk

        with self._open() as project:
            return serializers.risk_document(query_risk(project, revision, is_evaluation=evaluate))

    def affected(
        self, revision: str = "HEAD", *, staged: bool = False, worktree: bool = False
    ) -> json_models.AffectedDocument:
        """List the tests that a change can affect, and why.

        Args:
            revision: a commit, compared with its first parent, or a range ``A..B``.
            staged: take what is staged for the next commit.
            worktree: take all uncommitted changes.

        Raises:
            UsageError: more than one change is named.
            BatchhookError: there is no such commit, or no run has recorded yet which code each test runs.
        """
        from batchhook.workflow.impact.query import change_source, query_affected

        source = change_source(revision, staged=staged, worktree=worktree)
        with self._open() as project:
            answer = query_affected(project, source, revision)
            return serializers.affected_document(answer, project.settings.source_roots)

    def send_test(self) -> json_models.NotifyDocument:
        """Send a test notification to every address, as ``notify --test`` does.

        Raises:
            BatchhookError: no address is configured.
        """
        with self._open() as project:
            return serializers.notify_document(notifications.send_test(project))

    def prune(
        self, *, keep: int | None = None, older_than: str | None = None, dry_run: bool = False
    ) -> json_models.PruneDocument:
        """Delete old batches with their outcomes, backups, pins and reports, for good.

        Args:
            keep: number of the latest full batches to keep.
            older_than: age of what is deleted: ``"12h"``, ``"30d"``, ``"8w"``. With neither, return the disk usage.
            dry_run: delete nothing.

        Raises:
            UsageError: the age cannot be parsed.
            ConflictError: a rollback, an undo or another pruning is in progress.
        """
        with self._open() as project:
            project.reconcile()
            rule = prune.parse_rule(keep, older_than)
            if rule is None:
                return json_models.prune_document(prune.measure_usage(project))
            plan = prune.make_plan(project, rule)
            if plan.is_empty or dry_run:
                return json_models.prune_document(plan.usage, plan.decision, done=not dry_run)
            return json_models.prune_document(prune.execute(project, plan).freed, plan.decision, done=True)

    # Results

    def status(self) -> json_models.StatusDocument:
        """Return the open batch, batches being tested and the latest verdicts; starts the runner if work is queued."""
        with self._open() as project:
            current = overview.load_status(project)
            spawn.wake(project.location, project.database, os.environ, current.count)
            return serializers.status_document(current)

    def log(self, most: int = 20) -> json_models.LogDocument:
        """Return the latest batches, newest first; ``most`` at most."""
        with self._open() as project:
            project.reconcile()
            return serializers.log_document(overview.list_batches(project, most))

    def show(self, number: int) -> json_models.BatchSummaryDocument:
        """Return a batch with its changes and the files that they touched.

        Raises:
            NoSuchBatchError: there is no such batch.
            NotFinishedError: it is the open batch of a branch that is not checked out.
        """
        with self._open() as project:
            return serializers.show_document(*overview.load_batch(project, number))

    def wait(self, number: int | None = None, timeout: float | None = None) -> json_models.AnalysisDocument:
        """Wait until everything is known about a batch.

        Args:
            number: the batch; None for the latest full one.
            timeout: maximum seconds to wait; None for no limit.

        Raises:
            NoSuchBatchError: there is no such batch.
            NoFullBatchError: no batch is full yet, or this one is open.
            NotFinishedError: the timeout expired; the run continues.
        """
        with self._open() as project:
            count = project.reconcile()
            batch = wait.find_full_batch(project, number)
            spawn.wake(project.location, project.database, os.environ, count)
            for _ in wait.follow_progress(project, batch, wait.deadline(timeout)):
                pass
            active = wait.find_active(project, batch)
            if active is not None and not wait.is_settled(active):
                raise NotFinishedError(f"batch {batch} is not finished yet", f"batchhook wait {batch}")
            return json_models.analysis_document(analyze.analyze(project, batch))

    def analyze(self, number: int) -> json_models.AnalysisDocument:
        """Return the results of a batch's run; its status is ``searching`` while culprits are being searched.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
        """
        with self._open() as project:
            count = project.reconcile()
            spawn.wake(project.location, project.database, os.environ, count)
            return json_models.analysis_document(analyze.analyze(project, number))

    def ack(self, number: int) -> None:
        """Acknowledge a batch that failed critically.

        Raises:
            NoSuchBatchError, BatchhookError: there is no such batch, or it did not fail critically.
            NothingToDoError: it was acknowledged or acted upon before.
        """
        with self._open() as project:
            gate.acknowledge(project, number)

    def set_baseline(self, revision: str = "HEAD", *, force: bool = False) -> json_models.BaselineDocument:
        """Make a commit's outcomes the baseline; runs the tests unless these files were tested before.

        Args:
            revision: the commit.
            force: accept failing tests.

        Raises:
            BatchhookError: there is no such commit, its suite cannot be run, or tests fail and ``force`` is not set.
        """
        with self._open() as project:
            current, run = baseline.set_baseline(project, revision, os.environ, ignore_event, force=force)
            return serializers.baseline_document(current, run)

    def baseline(self) -> json_models.BaselineDocument:
        """Return the current baseline.

        Raises:
            BatchhookError: none was set.
        """
        with self._open() as project:
            return serializers.baseline_document(*baseline.load_baseline(project))

    def compare(self, revision: str = "HEAD") -> json_models.BaselineComparisonDocument:
        """Compare a commit with the baseline.

        Raises:
            BatchhookError: there is no baseline or no such commit, or its suite cannot be run.
        """
        with self._open() as project:
            comparison = baseline.compare_with_baseline(project, revision, os.environ, ignore_event)
            verdict = judge_suite(comparison.run.result, project.settings.critical_failure_threshold)
            return serializers.baseline_comparison_document(comparison, verdict)

    # Reports

    def report(self, number: int) -> json_models.ReportDocument:
        """Write a batch's reports with everything known by now, and return their paths.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
        """
        with self._open() as project:
            return serializers.report_document(number, write.write_own_reports(project, number))

    def export(
        self,
        folder: _PathLike = "test_batch_logs",
        *,
        batches: Sequence[int] | None = None,
        most: int | None = 20,
        backups: bool = False,
        site: bool = False,
    ) -> json_models.ExportDocument:
        """Write reports to a folder.

        Args:
            folder: created if missing; relative to the folder of this object.
            batches: the batches whose own reports are included; None for the latest.
            most: number of the latest batches to include; None for all.
            backups: include the files from before each of these batches.
            site: write the pages of all batches and tests instead, to be opened at ``index.html``.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or it has no run yet; nothing was written.
            StoreError: a backup is damaged.
            OSError: the folder cannot be written.
        """
        with self._open() as project:
            project.reconcile()
            if site:
                from batchhook.workflow.reports.site import write_site

                return serializers.site_document(write_site(project, self._folder / folder))
            numbers = export.list_latest(project, most) if batches is None else batches
            target, on_progress = self._folder / folder, export.ignore_progress
            result = export.export(project, target, numbers, with_backups=backups, on_progress=on_progress)
            return serializers.export_document(result)

    # Rollback

    def rollback(
        self,
        what: int | str | None = None,
        *,
        changes: Sequence[str] = (),
        paths: Sequence[_PathLike] = (),
        culprit: bool = False,
        mode: RollbackMode | str = RollbackMode.FILES,
        force: bool = False,
        stash: bool = False,
        dry_run: bool = False,
    ) -> json_models.OperationDocument:
        """Revert changes without asking; ``undo`` restores everything.

        Args:
            what: number of the batch, or ``"3..5"`` for several of one branch.
            changes: revisions: only these changes, of full batches or of the open one.
            paths: only these files and folders; relative to the folder of this object.
            culprit: only the changes that broke tests, if a test run confirms that this fixes them.
            mode: ``files``, ``commit`` (one commit, which fills no batch) or ``reset`` (the branch moves back).
            force: with ``reset``, even if the commits are on other branches, too.
            stash: move uncommitted work that is in the way to git's stash.
            dry_run: only return the plan.

        Returns:
            the operation; ``id`` is None if it was not carried out (a dry run, or nothing to do).

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
            ConflictError: the same lines were changed since, git is in the middle of something, the commits are on
                other branches, an operation was interrupted, or the test run does not confirm it.
            BatchhookError: the batch is on another branch, or no Git identity is configured.
            UsageError: the arguments do not go together.
        """
        with self._open() as project:
            project.reconcile()
            request = RollbackRequest(
                None if what is None else parse_batch_range(str(what)),
                tuple(changes),
                self._paths(project, paths),
                RollbackMode(mode),
                force=force,
                autostash=stash,
            )
            if not culprit:
                return _apply(prepare_rollback(project, request), dry_run=dry_run)
            candidates, check = check_culprit_rollback(project, request, os.environ, ignore_event)
            document = _apply(prepare_culprit_rollback(project, request, candidates, check), dry_run=dry_run)
            return document.model_copy(update={"revert_check": json_models.revert_check_document(check)})

    def rollback_from_backup(
        self, number: int, *, force: bool = False, dry_run: bool = False
    ) -> json_models.RestorationDocument:
        """Restore the files of a batch from their copies alone, for when git's objects are lost or damaged.

        Args:
            number: the batch.
            force: even files changed since; a copy of them is kept.
            dry_run: only return the plan.

        Raises:
            StoreError: there is no backup, or a part of it that is needed is damaged.
            ConflictError: files were changed since, or something is in the way.
        """
        with self._open() as project:
            return _restore(prepare_restore(project, number, force=force), dry_run=dry_run)

    def undo_from_backup(self, *, force: bool = False, dry_run: bool = False) -> json_models.RestorationDocument:
        """Undo the latest ``rollback_from_backup``; arguments as there.

        Raises:
            BatchhookError: there is none.
            StoreError, ConflictError: as there.
        """
        with self._open() as project:
            return _restore(prepare_restore_undo(project, force=force), dry_run=dry_run)

    def undo(
        self, operation: int | None = None, *, stash: bool = False, dry_run: bool = False
    ) -> json_models.OperationDocument:
        """Undo an operation: restore exactly what was there before it.

        Args:
            operation: its number; None for one that was interrupted, else the latest rollback in effect.
            stash: move uncommitted work that is in the way to git's stash.
            dry_run: only return the plan.

        Raises:
            BatchhookError: there is nothing to undo, or the operation is not in effect.
            ConflictError: the same lines were changed since, the branch has moved on, or git is in the middle of
                something.
        """
        with self._open() as project:
            return _apply(prepare_undo(project, operation or 0, autostash=stash), dry_run=dry_run)

    def redo(self, *, stash: bool = False, dry_run: bool = False) -> json_models.OperationDocument:
        """Redo what the latest undo reverted; arguments as for ``undo``.

        Raises:
            BatchhookError: there is nothing to redo.
            ConflictError: as for ``undo``.
        """
        with self._open() as project:
            return _apply(prepare_redo(project, autostash=stash), dry_run=dry_run)

    def finish(self, operation: int | None = None, *, dry_run: bool = False) -> json_models.OperationDocument:
        """Finish an operation that was interrupted (see ``status``); ``undo`` reverts it instead.

        Raises:
            BatchhookError: it was not interrupted.
            ConflictError: the same lines were changed since.
        """
        with self._open() as project:
            return _apply(prepare_recovery(project, operation or 0, finish=True), dry_run=dry_run)

    def operations(self) -> json_models.OperationsDocument:
        """Return rollbacks, undos and redos, newest first, and rollbacks from backups."""
        with self._open() as project:
            unfinished = interrupted.find(project.database, project.location)
            latest = stored_operations.list_latest(project.database)
            restorations = RestorationStore(project.state.restorations).list_all()
            return serializers.operations_document(latest, unfinished.id if unfinished else 0, restorations)

    def backup(self, number: int) -> json_models.BackupsDocument:
        """Recreate the backup of the files from before a batch, and verify it.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
            GitError: git no longer has its commits.
        """
        with self._open() as project:
            project.reconcile()
            backups.recreate_backup(project, number)
            return serializers.backups_document(backups.verify_backups(project, number))

    def verify_backups(self, number: int | None = None) -> json_models.BackupsDocument:
        """Verify the SHA-256 checksums of a batch's backup, or of all backups.

        Raises:
            StoreError: something is missing or damaged.
        """
        with self._open() as project:
            project.reconcile()
            return serializers.backups_document(backups.verify_backups(project, number))

    # On demand

    def run(
        self,
        tests: Sequence[str] = (),
        *,
        pattern: str | None = None,
        failed: bool = False,
        affected: bool = False,
        keyword: str = "",
        markers: str = "",
        fail_fast: bool = False,
        fresh: bool = False,
        jobs: int | None = None,
        order: RunOrder | str | None = None,
        in_place: bool = False,
        recorded: bool = False,
        coverage: bool | None = None,
    ) -> json_models.TestDocument:
        """Run the suite now on exactly what is committed at HEAD, as ``test`` does; fills no batch.

        Args:
            tests: ids of tests, classes or modules; all by default.
            pattern: run only test files that match this.
            failed: run only tests that failed in their last run.
            affected: run only tests that the change at HEAD can affect; in place, the uncommitted changes.
            keyword: run only tests whose names match, as ``-k`` of the framework.
            markers: run only tests with these marks, as ``pytest -m``.
            fail_fast: stop at the first failure.
            fresh: run even if the same files were tested before.
            jobs: parallel processes; 0 for one per processor.
            order: ``original`` for unittest's own; ``auto`` finds out again whether tests depend on an order.
            in_place: test the work tree as it is.
            recorded: test the last recorded change, which may be newer than HEAD.
            coverage: measure which code the tests run; as the settings say by default.

        Raises:
            BatchhookError: nothing is committed yet.
            NothingToDoError: with ``failed``, no test did; with ``affected``, none is.
        """
        isolation = Isolation.IN_PLACE if in_place else None
        with self._open(pattern=pattern, jobs=jobs, order=order, isolation=isolation, coverage=coverage) as project:
            given_order = None if order is None else project.settings.order
            request = manual_run.run_request(
                project, tests, failed=failed, affected=affected, fresh=fresh, order=given_order
            )
            request = replace(request, keyword=keyword, markers=markers, fail_fast=fail_fast)
            run = manual_run.run_head(project, ignore_event, request, recorded=recorded)
            verdict = judge_suite(run.run.result, project.settings.critical_failure_threshold)
            return serializers.test_document(run, verdict)

    def compare_skips(
        self, *, pattern: str | None = None, fresh: bool = False, jobs: int | None = None
    ) -> json_models.SkipComparisonDocument:
        """Run the tests that are skipped at HEAD in the user's work tree, and compare, as ``test --skipped`` does.

        Args:
            pattern: only test files that match this.
            fresh: run the whole suite at HEAD first, even if that was done before.
            jobs: parallel processes; 0 for one per processor.

        Raises:
            UsageError: tests run in place already.
            BatchhookError: nothing is committed yet, or the suite cannot run in one of the work trees.
        """
        with self._open(pattern=pattern, jobs=jobs) as project:
            run = manual_run.run_skipped(project, ignore_event, fresh=fresh)
            return json_models.skip_comparison_document(run.commit, run.run, run.comparison)

    def record(self, description: str = "", paths: Sequence[_PathLike] = ()) -> json_models.RecordDocument:
        """Count a change without a commit: a snapshot of the whole work tree.

        If it fills a batch, the tests run in the background; ``wait`` follows them.

        Args:
            description: the reason for the change; empty for the names of the files.
            paths: the files to name in the change; relative to the folder of this object.

        Returns:
            the change; ``change`` is None if nothing had changed and nothing was counted.

        Raises:
            ConflictError: git is in the middle of something, or an operation was interrupted.
            GitError: a file cannot be read.
        """
        with self._open() as project:
            result = record(project, description, self._paths(project, paths))
            spawn.wake(project.location, project.database, os.environ, result.count)
            return serializers.record_document(result)

    def watch(
        self,
        paths: Sequence[_PathLike] = (),
        *,
        settle: float = 0.3,
        poll: float = 0.0,
        seconds: float = float("inf"),
    ) -> Generator[json_models.WatchDocument, None, None]:
        """Record each burst of saves as a change, and yield what happens; closing the generator ends it.

        Args:
            paths: the files and folders to watch; all by default; relative to the folder of this object.
            settle: seconds without a save that end a burst.
            poll: seconds between scans of all files, for network drives; 0 to be notified by the system.
            seconds: maximum duration.

        Raises:
            BatchhookError: another process watches this work tree, or it cannot be watched.
        """
        pending: list[WatchEvent] = []
        end = time.monotonic() + seconds
        with self._open() as project, lock_worktree(project):
            roots = resolve_roots(project.git, project.location, self._paths(project, paths))
            with closing(DebouncedEvents(roots, settle, max(_MAX_BURST, 10 * settle), poll)) as events:
                session = WatchSession(project, events, pending.append)
                session.start("all files" if roots.paths == ("",) else ", ".join(roots.paths))
                try:
                    while (left := end - time.monotonic()) > 0:
                        session.step()
                        yield from map(serializers.watch_document, _take_all(pending))
                        select.select([events], [], [], min(session.timeout, left))
                finally:
                    session.close()
                yield from map(serializers.watch_document, _take_all(pending))

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
        """Find the commit that broke tests, or a command, in any range of history; your files are not touched.

        Args:
            tests: their ids.
            good: a commit where they pass.
            bad: a later commit where they fail.
            command: run instead of tests: exit code 0 is good, 125 skips the commit, any other is bad.
            timeout: maximum seconds for the command at one commit.
            budget: seconds after which what is known is returned.
            jobs: commits to probe in parallel, up to 4.
            fresh: ignore earlier observations.

        Raises:
            UsageError: neither tests nor a command are given, or both.
            BatchhookError: there are no such commits, or nothing fails in the later one.
        """
        request = bisect_request(
            tests, good, bad, os.environ, command=command, timeout=timeout, budget=budget, fresh=fresh
        )
        with self._open(jobs=jobs) as project:
            scratch = project.state.run(f"bisect-{os.getpid()}")
            return json_models.bisect_document(bisect.bisect(project, request, _ignore_progress, scratch))

    def ci(
        self,
        *,
        output: _PathLike = "test_batch_logs",
        compare: str | None = None,
        set_baseline: str | None = None,
        force: bool = False,
        revision_range: str | None = None,
        budget: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> json_models.CiDocument:
        """Run the whole suite on a checkout and write reports; needs no installation and leaves no trace in git.

        Args:
            output: the folder for the reports; relative to the folder of this object.
            compare: a baseline: a file, a commit, or ``"note"``; empty for the file in the output folder.
            set_baseline: save this run as the baseline: a file, or ``"note"``; empty for the file in the output folder.
            force: save it even if tests fail.
            revision_range: ``"A..B"``: find the commits in it that broke what fails at B; empty for the range that the
                CI service names.
            budget: seconds for that search; None for the setting ``culprit_budget``.
            environment: with the variables of the CI service; the process's own by default.

        Raises:
            UsageError: the arguments do not go together.
            BatchhookError: there is no such repository, range or baseline.
            OSError: the reports cannot be written.
        """
        request = CiRequest(
            folder=self._folder,
            output=Path(output),
            compare=compare,
            set_baseline=set_baseline,
            force=force,
            revision_range=revision_range,
            budget=budget,
            settings=self._settings,
        )
        result = run_ci(request, os.environ if environment is None else environment, _SilentReporter())
        files = tuple(map(str, result.files))
        return json_models.ci_document(result.run, baseline_set=result.baseline_set, files=files)


class _SilentReporter:
    @staticmethod
    def step(_title: str) -> AbstractContextManager[tuple[RunListener, Callable[[Progress], None]]]:
        return nullcontext((ignore_event, _ignore_progress))


def _ignore_progress(_progress: Progress) -> None:
    pass


def _take_all(pending: list[WatchEvent]) -> list[WatchEvent]:
    events = pending[:]
    pending.clear()
    return events


def _apply(preparation: AbstractContextManager[PreparedPlan], *, dry_run: bool) -> json_models.OperationDocument:
    with preparation as prepared:
        operation = None if dry_run or not prepared.has_work else prepared.execute()
        return serializers.plan_document(prepared.plan, operation)


def _restore(preparation: AbstractContextManager[PreparedRestore], *, dry_run: bool) -> json_models.RestorationDocument:
    with preparation as prepared:
        diff = prepared.plan.diff(prepared.project.location.top)
        restoration = prepared.execute() if prepared.plan.files and not dry_run else None
        return serializers.restoration_document(prepared.plan, diff, restoration)
