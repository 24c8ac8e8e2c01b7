"""The run after a commit: in the background, just the tests that it can affect, on exactly what was committed.

Run as ``python -m batchhook.workflow.impact.commit_run TOP`` by the hooks. It may be killed at any moment. It gives up
for a newer commit, which then is tested instead; it never decides a batch's verdict.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from batchhook.core.commit import Commit
from batchhook.core.culprits.attribution import ProbeOutcome
from batchhook.core.events import EventKind, ignore_event
from batchhook.core.results import Outcome, Run
from batchhook.core.settings import CodeMapMode, EachCommit, Isolation
from batchhook.core.test_ids import parse_id
from batchhook.errors import BatchhookError
from batchhook.execution.cancel import CancelToken
from batchhook.git import history
from batchhook.git.environment import background_environment
from batchhook.git.location import Head, read_head
from batchhook.store import batches, code_map, events, locks, observations, runs, test_stats
from batchhook.store.observations import RunFilter
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.impact.advice import ImpactAdvisor
from batchhook.workflow.impact.affected import TreeComparison
from batchhook.workflow.impact.query import AffectedAnswer, answer
from batchhook.workflow.status import affected_note
from batchhook.workflow.suite.fingerprint import Suite, find_suite
from batchhook.workflow.suite.run import RunRequest, run_suite_on_commit

LOWEST_PRIORITY = 19
"""Of the process and its tests, by nice(2)."""
_POLL_SECONDS = 0.5
_MAX_DOUBTED = 5
"""Failures up to which they run once more before they are told."""
_MAX_BACK = 30
"""Commits that are searched for the one since which a test fails."""


def main() -> None:
    """Run the tests that the latest commit can affect, then exit."""
    with suppress(OSError):
        os.setsid()  # Ctrl-C at the terminal is meant for others
    os.nice(LOWEST_PRIORITY)
    environment = background_environment(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        run_after_commit(Path(sys.argv[1]), environment)
    except BatchhookError as error:
        print(f"after a commit: {error.message}", file=sys.stderr)  # noqa: T201 - into the log


def run_after_commit(top: Path, environment: Mapping[str, str]) -> None:
    """Run the tests that the commit at HEAD can affect, and those of each newer one that is made until then.

    Raises:
        BatchhookError: they cannot be run.
    """
    with open_project(top, environment=environment, timeout=60.0) as project:
        if not affected_note.is_enabled(project.state):
            return
        settings = project.for_branch(read_head(project.git, project.location).branch).settings
        if settings.each_commit is EachCommit.OFF or settings.code_map is CodeMapMode.OFF:
            affected_note.disable(project.state)
            return
        if settings.isolation is Isolation.IN_PLACE:  # the tests would run on what is not committed
            return
        tested = ""
        # Check again after releasing the lock: a commit that was made just before that starts no run of its own.
        while (head := read_head(project.git, project.location)).oid not in {"", tested}:
            with locks.try_lock(project.state.commit_run_lock(project.location.git_dir.name)) as is_locked:
                if not is_locked:
                    return
                tested = head.oid
                _AffectedRun(project.for_branch(head.branch), head, environment).run()


class _AffectedRun:
    """The run of the tests that one commit can affect."""

    def __init__(self, project: Project, head: Head, environment: Mapping[str, str]) -> None:
        self._project = project
        self._head = head
        self._environment = environment
        self._scratch = project.state.run(f"commit-{os.getpid()}")
        (self._commit,) = history.read_commits(project.git, [head.oid])

    def run(self) -> None:
        """Run the tests, unless they would take too long, and write down how they ended."""
        with self._given_up_for_newer() as cancel:
            self._wait_for_runner(cancel)
            suite = find_suite(self._project, self._environment)
            known = code_map.load(self._project.database, suite.fingerprint)
            if cancel.is_cancelled or not known.records or batches.is_sealed_at(self._project.database, self._head.oid):
                return  # the run of a batch tells more
            comparison = TreeComparison(self._project, known)
            affected = comparison.affected_since_record(known.records, self._commit.tree)
            changes = comparison.compare(self._commit.base_tree, self._commit.tree)
            selected = answer(self._project, known, self._head.oid[:8], affected, changes)
            unaffected = known.records.keys() - {each.test_id for each in affected}
            if not selected.selection:
                self._report(suite, "no test affected", self._still_failing(()))
            elif selected.seconds > self._project.settings.each_commit_budget:
                self._write(f"{len(selected.tests)} affected: not run ({selected.seconds:.0f} s)")
                return
            elif not self._test(suite, selected, cancel):
                return
            code_map.advance(self._project.database, suite.fingerprint, unaffected, self._commit.tree)

    @contextmanager
    def _given_up_for_newer(self) -> Iterator[CancelToken]:
        """Provide a token that is cancelled when there is a newer commit, for the length of a block."""
        cancel, is_done = CancelToken(), threading.Event()
        git, location, journal = self._project.git, self._project.location, self._project.state.journal

        def watch() -> None:
            size = _size(journal)
            while not is_done.wait(_POLL_SECONDS):
                if _size(journal) != size:  # a hook has written a line
                    size = _size(journal)
                    if read_head(git, location).oid != self._head.oid:
                        cancel.cancel()
                        return

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield cancel
        finally:
            is_done.set()
            thread.join()
            cancel.close()

    def _wait_for_runner(self, cancel: CancelToken) -> None:
        """Wait for the run of a batch: it needs the processors more."""
        while locks.is_locked(self._project.state.runner_lock) and not cancel.is_cancelled:
            time.sleep(_POLL_SECONDS)

    def _test(self, suite: Suite, selected: AffectedAnswer, cancel: CancelToken) -> bool:
        """Run the selected tests, and store their results; return whether they were run."""
        failed_before = test_stats.load(self._project.database).last_failed
        advisor = ImpactAdvisor(self._project, is_recorded=True)
        run = self._run(RunRequest(self._head.oid, selected.selection, fresh=True, advise=advisor, cancel=cancel))
        if run is None:
            return False
        if run.result.broken_reason:
            self._write(f"the tests cannot run since {self._head.oid[:8]}", ["."])
            return False
        runs.add(self._project.database, run)
        advisor.store(run)
        failing = [result.test_id for result in run.result.results if result.outcome.is_failure]
        if 0 < len(failing) <= _MAX_DOUBTED:  # few failures may be flakes
            again = self._run(RunRequest(self._head.oid, tuple(failing), fresh=True, cancel=cancel))
            if again is None:
                return False
            runs.add(self._project.database, again)
            failing = [result.test_id for result in again.result.results if result.outcome.is_failure]
        ran = [result.test_id for result in run.result.results if result.outcome is not Outcome.SKIPPED]
        known = failed_before.difference(affected_note.list_failing(self._project.state, self._head.branch))
        is_old = bool(known.intersection(failing))
        text = f"{len(ran)} affected: {f'{len(failing)} failing as before' if is_old else 'ok'}"
        new = [test for test in failing if test not in known]
        self._report(suite, text, [*new, *self._still_failing(ran)])
        return True

    def _still_failing(self, ran: Sequence[str]) -> list[str]:
        """Return the tests that have begun to fail at an earlier commit, and were not run since."""
        last_failed = test_stats.load(self._project.database).last_failed
        earlier = affected_note.list_failing(self._project.state, self._head.branch)
        return [test for test in earlier if test in last_failed and test not in ran]

    def _run(self, request: RunRequest) -> Run | None:
        """Run what is requested; return None if it was given up."""
        run = run_suite_on_commit(self._project, request, self._environment, ignore_event, self._scratch)
        return None if request.cancel is not None and request.cancel.is_cancelled else run

    def _report(self, suite: Suite, text: str, failing: Sequence[str]) -> None:
        """Write the note: a text, or the first of the tests that have begun to fail."""
        if not failing:
            self._write(text)
            return
        since = self._find_first_failing(suite, failing[0])
        more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
        verb = "fail" if more else "fails"
        self._write(f"{parse_id(failing[0]).name}{more} {verb} since {since[:8]}", failing)

    def _find_first_failing(self, suite: Suite, test_id: str) -> str:
        """Return the oldest commit since which each stored outcome of a test is a failure."""
        since, stored_runs = self._head.oid, RunFilter(suite.fingerprint)
        for commit in self._commits_before():
            outcomes = {
                outcome
                for _, outcome in observations.list_observations(
                    self._project.database, commit.tree, stored_runs, frozenset({test_id})
                )
            }
            if ProbeOutcome.PASSED in outcomes:
                break
            if ProbeOutcome.FAILED in outcomes:
                since = commit.oid
        return since

    def _commits_before(self) -> Sequence[Commit]:
        """Return the latest commits before HEAD, newest first."""
        options = ("--first-parent", f"--max-count={_MAX_BACK}", self._head.oid)
        return history.read_commits(self._project.git, self._project.git.text("rev-list", *options).split()[1:])

    def _write(self, text: str, failing: Sequence[str] = ()) -> None:
        affected_note.write(self._project.state, self._head, text, failing)
        with self._project.database.transaction():
            events.append(self._project.database, EventKind.COMMIT_TESTED)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


if __name__ == "__main__":
    try:
        main()
    except Exception:  # noqa: BLE001 - it has no terminal; the log has it
        traceback.print_exc()
