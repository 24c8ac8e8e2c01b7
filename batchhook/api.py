"""The public Python API: what the commands do, for programs. Documented in ``docs/api.md``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from batchhook.core.rollback import Mode, batch_range
from batchhook.core.settings import Isolation, Order
from batchhook.core.verdicts import judge
from batchhook.errors import NoRepositoryError, NotFinishedError
from batchhook.git.location import locate
from batchhook.report import documents
from batchhook.store import operations as stored
from batchhook.store.kept import Kept
from batchhook.testing.suite import Silent
from batchhook.workflow import analyze as analysis, baseline, documents as composed
from batchhook.workflow.copies import acting, showing
from batchhook.workflow.culprits import guilty
from batchhook.workflow.going_back import gate
from batchhook.workflow.operations import cut_short, selecting
from batchhook.workflow.operations.carrying_out import Planned
from batchhook.workflow.operations.interrupted import planned_end
from batchhook.workflow.operations.rollback import planned_rollback
from batchhook.workflow.operations.target import How
from batchhook.workflow.operations.undo import planned_redo, planned_undo
from batchhook.workflow.project import Project, opened
from batchhook.workflow.recording.record import record
from batchhook.workflow.reporting import export, reports
from batchhook.workflow.running import background, by_hand, follow
from batchhook.workflow.setting_up import doctor, install, without_git
from batchhook.workflow.telling import notifying


class _Silent(Silent):
    def stage(self, name: str) -> None:
        """Say nothing."""


class Workflow:
    """A repository in which batchhook is installed, or is going to be.

    Each method does what the command of its name does, and gives what that prints with ``--json``, as a frozen
    pydantic model. What a command ends with 3 for is raised: a ``BatchhookError`` with a message and a hint. Failing
    tests are no error: they are in what is given back.

    As a context manager, it keeps the repository open between calls (in one thread); without, each call opens it.

    Args:
        folder: any folder inside the work tree.
        settings: of ``docs/guide.md``, over those of the file and the environment, for what is done here. The runner,
            which tests full batches, has its own from the file.
    """

    def __init__(self, folder: str | os.PathLike[str] = ".", **settings: object) -> None:
        self._folder = Path(folder)
        self._settings = settings
        self._stack = ExitStack()
        self._project: Project | None = None

    def __enter__(self) -> Workflow:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._project = self._stack.enter_context(opened(self._folder, flags=self._settings))
        return self

    def __exit__(self, *_: object) -> None:
        self._project = None
        self._stack.close()

    # Hooks

    def install(self, *, shared: bool = False) -> documents.InstalledDocument:
        """Write git's hooks; what is there already keeps running. What was recorded before there was git is taken over.

        Args:
            shared: write into a hooks folder that serves other repositories, too.

        Raises:
            BatchhookError: the folder serves other repositories, or cannot be written; or pre-commit runs us here.
        """
        location = locate(self._folder)
        return composed.installed_document(install.install(location, location.git(), shared=shared))

    def begin_without_git(self) -> None:
        """Begin to count in a folder that no git repository is around, as ``record --yes`` does; else nothing.

        The files as they are now are the state before the first change.

        Raises:
            BatchhookError: it is no folder to do that in, or cannot be written.
        """
        try:
            locate(self._folder)
        except NoRepositoryError:
            without_git.begin_without_git(self._folder, os.environ)

    def doctor(self) -> documents.DoctorDocument:
        """What is and isn't in place, which Python runs the tests and why, what discovery finds."""
        location = locate(self._folder)
        return composed.doctor_document(doctor.examine(location, location.git(), os.environ))

    def send_test(self) -> documents.NotifiedDocument:
        """Send a message to every address that notifications go to, and say how it went.

        Raises:
            BatchhookError: there is none.
        """
        with self._opened() as project:
            return composed.notified_document(notifying.send_test(project))

    # Seeing

    def status(self) -> documents.StatusDocument:
        """Where the open batch stands, and the latest full batches; starts the runner if one waits for it."""
        with self._opened() as project:
            found = analysis.status(project)
            background.wake(project.location, project.database, os.environ, found.count)
            return composed.status_document(found)

    def log(self, most: int = 20) -> documents.LogDocument:
        """The latest batches, newest first."""
        with self._opened() as project:
            project.reconcile()
            return composed.log_document(analysis.log(project, most))

    def show(self, number: int) -> documents.EntryDocument:
        """One batch, open or not, with its changes and the files that they touched.

        Raises:
            NoSuchBatchError: there is no such batch.
            NotFinishedError: it is the open batch of a branch that is not checked out.
        """
        with self._opened() as project:
            return composed.show_document(*analysis.show(project, number))

    def wait(self, number: int | None = None, timeout: float | None = None) -> documents.AnalysisDocument:
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
            chosen = follow.full_batch(project, number)
            background.wake(project.location, project.database, os.environ, count)
            for _ in follow.follow(project, chosen, follow.deadline(timeout)):
                pass
            if follow.standing(project, chosen) is not None:
                raise NotFinishedError(f"not all is known of batch {chosen} yet", f"batchhook wait {chosen}")
            return composed.analysis_document(analysis.analyze(project, chosen))

    def analyze(self, number: int) -> documents.AnalysisDocument:
        """What a batch's run told; ``searching`` as long as it is being found out what broke the failing tests.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
        """
        with self._opened() as project:
            count = project.reconcile()
            background.wake(project.location, project.database, os.environ, count)
            return composed.analysis_document(analysis.analyze(project, number))

    def ack(self, number: int) -> None:
        """Take a batch that failed critically as it is.

        Raises:
            NoSuchBatchError, BatchhookError: there is no such batch, or it did not fail critically.
            NothingToDoError: something was done about it before.
        """
        with self._opened() as project:
            gate.acknowledge(project, number)

    # Reports

    def report(self, number: int) -> documents.ReportDocument:
        """Write a batch's own reports anew, with all that is known by now, and say where they are.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or its run has not ended.
        """
        with self._opened() as project:
            return composed.report_document(number, reports.write_own(project, number))

    def export(
        self,
        folder: str | os.PathLike[str] = "test_batch_logs",
        *,
        batches: Sequence[int] | None = None,
        most: int | None = 20,
        backups: bool = False,
    ) -> documents.ExportDocument:
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

    # The baseline

    def set_baseline(self, revision: str = "HEAD", *, force: bool = False) -> documents.BaselineDocument:
        """Make a commit's outcomes the baseline; tests are run if they were not on these files.

        Args:
            revision: which commit.
            force: even if tests fail: they are taken as given.

        Raises:
            BatchhookError: there is no such commit, its suite cannot be run, or tests fail and ``force`` is off.
        """
        with self._opened() as project:
            return composed.baseline_document(
                *baseline.set_baseline(project, revision, os.environ, _Silent(), force=force)
            )

    def baseline(self) -> documents.BaselineDocument:
        """The baseline that holds now.

        Raises:
            BatchhookError: none was set.
        """
        with self._opened() as project:
            return composed.baseline_document(*baseline.shown(project))

    def compare(self, revision: str = "HEAD") -> documents.BaselineComparisonDocument:
        """What is different at a commit since the baseline.

        Raises:
            BatchhookError: there is no baseline, no such commit, or its suite cannot be run.
        """
        with self._opened() as project:
            found = baseline.compare_with_baseline(project, revision, os.environ, _Silent())
            verdict = judge(found.run.outcome, project.settings.critical_failure_threshold)
            return composed.measured_document(found, verdict)

    # By hand

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
    ) -> documents.TestDocument:
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
            wanted = by_hand.wanted(project, tests, failed=failed, fresh=fresh, order=said)
            done = by_hand.run_head(project, _Silent(), replace(wanted, fail_fast=fail_fast))
            return composed.tested_document(done, judge(done.run.outcome, project.settings.critical_failure_threshold))

    def record(self, description: str = "", paths: Sequence[str | os.PathLike[str]] = ()) -> documents.RecordDocument:
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
            these = selecting.paths_from_top(project, self._folder, [os.fspath(path) for path in paths])
            done = record(project, description, these)
            background.wake(project.location, project.database, os.environ, done.count)
            return composed.recorded_document(done)

    # Going back

    def rollback(
        self,
        what: int | str | None = None,
        *,
        changes: Sequence[str] = (),
        paths: Sequence[str | os.PathLike[str]] = (),
        culprit: bool = False,
        mode: Mode | str = Mode.FILES,
        force: bool = False,
        stash: bool = False,
        dry_run: bool = False,
    ) -> documents.OperationDocument:
        """Take changes out of what is there; nobody is asked, and ``undo`` takes it back.

        Args:
            what: the batch's number, or ``"3..5"`` for several of one branch.
            changes: only these: names of commits, of full batches or of the open one.
            paths: only in these files and folders; relative to the folder that this object was made for.
            culprit: only the changes that broke something, once it is proven that this mends it.
            mode: ``files``, ``commit`` (one commit, which fills no batch) or ``reset`` (the branch moves back).
            force: with ``reset``, even if others have the commits.
            stash: put uncommitted work that is in the way aside, in git's stash.
            dry_run: only say what would change.

        Returns:
            the operation; ``id`` is None where it was not carried out, since there was nothing to do or it was dry.

        Raises:
            NoSuchBatchError, NotFinishedError: there is no such batch, or it is still open.
            ConflictError: the same lines were changed since, git is in the middle of something, others have the
                commits, an operation was interrupted, or the proof does not hold.
            BatchhookError: the batch is another branch's, or git does not know in whose name to commit.
            UsageError: what is asked for does not go together.
        """
        how = How(Mode(mode), force=force, stash=stash)
        with self._opened() as project:
            project.reconcile()
            batches = None if what is None else batch_range(str(what))
            these = selecting.paths_from_top(project, self._folder, [os.fspath(path) for path in paths])
            if culprit:
                number = selecting.one_batch(batches, changes, these)
                found, proof = guilty.find_and_prove(project, number, os.environ, _Silent(), how)
                done = self._carry_out(guilty.planned(project, number, found, proof, how), dry_run=dry_run)
                return done.model_copy(update={"proof": documents.ProofDocument.model_validate(proof)})
            chosen = selecting.chosen(project, batches, changes, these)
            return self._carry_out(planned_rollback(project, chosen, how), dry_run=dry_run)

    def rollback_from_backup(
        self, number: int, *, force: bool = False, dry_run: bool = False
    ) -> documents.RestorationDocument:
        """Bring the files of a batch back from their copies alone, where git's objects are gone or damaged.

        Args:
            number: the batch's.
            force: also files that were changed since; what they hold is kept.
            dry_run: only say what would change.

        Raises:
            StoreError: there is no backup, or what of it is needed is damaged.
            ConflictError: files were changed since, or something is in the way.
        """
        with self._opened() as project:
            return self._restore(acting.planned_rollback(project, number, force=force), dry_run=dry_run)

    def undo_from_backup(self, *, force: bool = False, dry_run: bool = False) -> documents.RestorationDocument:
        """Take the latest ``rollback_from_backup`` back; arguments as there.

        Raises:
            BatchhookError: there is none.
            StoreError, ConflictError: as there.
        """
        with self._opened() as project:
            return self._restore(acting.planned_undo(project, force=force), dry_run=dry_run)

    @staticmethod
    def _restore(planning: AbstractContextManager[acting.Planned], *, dry_run: bool) -> documents.RestorationDocument:
        with planning as planned:
            diff = showing.diff_of(planned.plan, planned.project.location.top)
            done = planned.carry_out() if planned.plan.files and not dry_run else None
            return composed.restored_document(planned.plan, diff, done)

    def undo(
        self, operation: int | None = None, *, stash: bool = False, dry_run: bool = False
    ) -> documents.OperationDocument:
        """Take an operation back: exactly what was there before it.

        Args:
            operation: which one; the latest rollback that is in effect, or one that was interrupted, if it is None.
            stash: put uncommitted work that is in the way aside, in git's stash.
            dry_run: only say what would change.

        Raises:
            BatchhookError: there is nothing to undo, or the operation is not in effect.
            ConflictError: the same lines were changed since, the branch has moved on, or git is in the middle of
                something.
        """
        with self._opened() as project:
            return self._carry_out(planned_undo(project, operation or 0, may_stash=stash), dry_run=dry_run)

    def redo(self, *, stash: bool = False, dry_run: bool = False) -> documents.OperationDocument:
        """Take the latest undo back; arguments as there.

        Raises:
            BatchhookError: there is nothing to redo.
            ConflictError: as for ``undo``.
        """
        with self._opened() as project:
            return self._carry_out(planned_redo(project, may_stash=stash), dry_run=dry_run)

    def finish(self, operation: int | None = None, *, dry_run: bool = False) -> documents.OperationDocument:
        """Finish an operation that was interrupted (``status`` says so); ``undo`` takes it back instead.

        Raises:
            BatchhookError: it was not interrupted.
            ConflictError: the same lines were changed since.
        """
        with self._opened() as project:
            return self._carry_out(planned_end(project, operation or 0, finish=True), dry_run=dry_run)

    def operations(self) -> documents.OperationsDocument:
        """Rollbacks, undos and redos so far, newest first."""
        with self._opened() as project:
            torn = cut_short.find(project.database, project.location)
            return composed.operations_document(
                stored.latest(project.database), torn.id if torn else 0, Kept(project.state.kept).all()
            )

    @staticmethod
    def _carry_out(planning: AbstractContextManager[Planned], *, dry_run: bool) -> documents.OperationDocument:
        with planning as planned:
            operation = None if dry_run or not planned.is_to_be_done else planned.carry_out()
            return composed.plan_document(planned.plan, operation)

    @contextmanager
    def _opened(self, **settings: object) -> Iterator[Project]:
        """The repository: the one that is kept open, unless other settings are asked for."""
        asked = {name: value for name, value in settings.items() if value is not None}
        if self._project is not None and not asked:
            yield self._project
            return
        with opened(self._folder, flags={**self._settings, **asked}) as project:
            yield project
