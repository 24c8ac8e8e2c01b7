"""The tools of the server. Each is a use case of the Python API, on the one repository that the server was started for.

Nothing that a caller says can become an option of a command or a path outside of the repository.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from batchhook.api import Workflow
from batchhook.core.plural import plural
from batchhook.core.progress import format_progress
from batchhook.core.sanitize import one_line
from batchhook.errors import BatchhookError, NotFinishedError, UsageError
from batchhook.git import history, patches, trees
from batchhook.git.location import locate
from batchhook.mcp.answers import (
    AnswerT,
    BatchState,
    BisectAnswer,
    BisectedTest,
    Change,
    Failure,
    FailuresAnswer,
    HistoryAnswer,
    Observed,
    RollbackAnswer,
    RunAnswer,
    StatusAnswer,
    WhyAnswer,
    bound,
    quote,
)
from batchhook.report import json_models
from batchhook.store import runs, test_stats
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import open_project
from batchhook.workflow.status.background_test import BackgroundTest
from batchhook.workflow.status.wait import deadline

MAX_WAIT = 300.0
"""Seconds that a tool waits at most; agents give up on longer calls."""
MAX_FAILURES = 50
_FEW = 5
_POLL_SECONDS = 0.1
_OID_DIGITS = 8
_MAX_SUBJECT, _MAX_MESSAGE, _MAX_PATCH = 120, 300, 100_000
"""Characters of a subject and of a message, bytes of a patch."""
_REVISION = re.compile(r"[0-9A-Za-z_./@^~{}+-]{1,200}")


class Tools:
    """The tools.

    Args:
        folder: any folder of the repository.
        allow_rollback: whether rollbacks may be applied, and not only planned.

    Raises:
        NoRepositoryError: there is no repository.
    """

    def __init__(self, folder: Path, *, allow_rollback: bool = False) -> None:
        self._location = locate(folder)
        self._workflow = Workflow(self._location.top)
        self._files = StateDir.for_repository(self._location.common_dir).root / "mcp"
        self._numbers = count(1)
        self._runs: dict[str, BackgroundTest] = {}
        self.allow_rollback = allow_rollback

    def close(self) -> None:
        """Stop the runs that are still going on."""
        for run in self._runs.values():
            run.close()

    def status(self) -> StatusAnswer:
        """Tell the whole state: the open batch, runs going on, latest verdicts, and what to do next.

        `unseen` are batches that did not pass and were not looked at yet; `critical` (0 for none) is one that has to be
        fixed, rolled back or acknowledged. `affected` says how the tests ended that the latest commit can affect.
        """
        status = self._workflow.status()
        opened = status.open
        answer = StatusAnswer(
            open_batch=opened.id if opened else 0,
            filled=f"{opened.filled}/{opened.size}" if opened else "",
            changes=tuple(_change(each) for each in opened.changes[::-1][:_FEW]) if opened else (),
            running=tuple(
                f"batch {each.batch}: {each.stage}, {each.done} of {each.total}, {each.failed} failed"
                for each in status.under_way
            ),
            latest=tuple(map(_batch_state, status.latest)),
            unseen=status.unseen,
            critical=status.critical or 0,
            affected=status.affected,
            next_step=_next_step(status),
        )
        return self._bound(answer, "status")

    def run_tests(
        self,
        tests: Sequence[str] = (),
        *,
        failed: bool = False,
        affected: bool = False,
        in_place: bool = False,
        wait_seconds: float = 60,
    ) -> RunAnswer:
        """Run tests on exactly what is committed (with `in_place`: on the files as they are now), and wait a while.

        Without arguments all tests run. `tests` are ids, classes, modules or files; `failed` takes those that failed
        last, `affected` those that the latest change can affect. If `is_running`, call `wait` with `run`.
        """
        options = [f"--{name}" for name, is_set in {"failed": failed, "affected": affected}.items() if is_set]
        options += ["--in-place"] if in_place else []
        for test in tests:
            if test.startswith("-"):
                raise UsageError(f"a test cannot begin with a dash: {test[:80]}", "pass ids as `failures` names them")
        name = f"run {next(self._numbers)}"
        self._runs[name] = BackgroundTest(self._location, [*options, "--", *tests])
        return self.wait(name, wait_seconds)

    def wait(self, run: str = "", wait_seconds: float = 60) -> RunAnswer:
        """Wait until a run ends, at most 300 seconds: `run 1`, or `batch 3`; by default the latest full batch."""
        patience = deadline(min(max(wait_seconds, 0), MAX_WAIT))
        kind, _, number = run.strip().rpartition(" ")
        if kind == "run":
            return self._bound(self._wait_for_run(run.strip(), patience), "wait")
        if kind not in {"", "batch"} or (number and not number.isdecimal()):
            raise UsageError(f"no run is called {run[:80]}", "say `run N` or `batch N`")
        return self._bound(self._wait_for_batch(int(number) if number else None, wait_seconds), "wait")

    def failures(self, batch: int = 0, limit: int = 10, cursor: str = "") -> FailuresAnswer:
        """List the failing tests of a batch with what broke each; page by page, with the `cursor` of the answer.

        By default, the latest full batch.
        """
        if cursor and not cursor.isdecimal():
            raise UsageError("the cursor is not one of this tool", "leave it out to begin again")
        analysis = self._analyze(batch)
        start, size = int(cursor or 0), min(max(limit, 1), MAX_FAILURES)
        shown = analysis.failures[start : start + size]
        end = start + len(shown)
        answer = FailuresAnswer(
            batch=analysis.batch.id,
            verdict=analysis.verdict,
            total=len(analysis.failures),
            failures=tuple(map(_failure, shown)),
            cursor=str(end) if end < len(analysis.failures) else "",
        )
        return self._bound(answer, "failures")

    def why(self, test: str, batch: int = 0) -> WhyAnswer:
        """Tell why a test fails: the change to blame, the evidence, that change's diff, and the traceback."""
        analysis = self._analyze(batch)
        failure = next((each for each in analysis.failures if each.test_id == test), None)
        if failure is None:
            raise UsageError(f"{test[:200]} does not fail in batch {analysis.batch.id}", "list them with `failures`")
        changes = {change.oid: change for change in analysis.batch.changes}
        attribution = failure.attribution or _NOT_KNOWN_YET
        change = changes.get(attribution.change)
        answer = WhyAnswer(
            batch=analysis.batch.id,
            test=failure.test_id,
            cause=attribution.kind,
            confidence=attribution.confidence,
            change=_change(change) if change else None,
            author=quote(change.author if change else ""),
            suspects=tuple(_change(changes[oid]) for oid in attribution.suspects if oid in changes),
            reason=attribution.reason,
            evidence=tuple(
                f"{each.oid[:_OID_DIGITS] or 'before the first commit'}: {each.outcome} {plural(each.times, 'time')}"
                for each in attribution.evidence
            ),
            diff=quote(self._diff(attribution.change, failure.traceback) if attribution.change else ""),
            traceback=quote(failure.traceback),
        )
        return self._bound(answer, "why")

    def history(self, test: str = "", limit: int = 10) -> HistoryAnswer:
        """List the latest batches with their verdicts, and with `test` how that test ended in each of them."""
        shown = self._workflow.log(min(max(limit, 1), MAX_FAILURES)).batches
        outcomes: list[Observed] = []
        flips: Mapping[str, int] = {}
        if test:
            with open_project(self._location.top) as project:
                flips = test_stats.load_flips(project.database, [test])
                for each in shown:
                    loaded = runs.load_for_batch(project.database, each.batch.id)
                    results = loaded[0].result.results if loaded else ()
                    outcome = next((result.outcome.value for result in results if result.test_id == test), "")
                    head = each.batch.head[:_OID_DIGITS]
                    outcomes.append(Observed(batch=each.batch.id, commit=head, outcome=outcome))
        answer = HistoryAnswer(
            batches=tuple(map(_batch_state, shown)), outcomes=tuple(outcomes), flips=sum(flips.values())
        )
        return self._bound(answer, "history")

    def bisect(self, test: str, good: str, bad: str = "HEAD", budget_seconds: float = 120) -> BisectAnswer:
        """Find the commit that broke a test between two revisions, in private work trees; at most 300 seconds."""
        for revision in (good, bad):
            if revision.startswith("-") or not _REVISION.fullmatch(revision):
                raise UsageError(f"this is no revision: {revision[:80]}", "use a commit, a tag or a branch")
        result = self._workflow.bisect([test], good=good, bad=bad, budget=min(max(budget_seconds, 1), MAX_WAIT))
        answer = BisectAnswer(
            good=result.good,
            bad=result.bad,
            commits=result.commits,
            tests=tuple(
                BisectedTest(
                    test=name,
                    cause=each.kind,
                    confidence=each.confidence,
                    change=each.change[:_OID_DIGITS],
                    reason=each.reason or each.note,
                )
                for name, each in result.tests.items()
            ),
            changes=tuple(map(_change, result.changes)),
        )
        return self._bound(answer, "bisect")

    def rollback_preview(self, batch: int, *, culprits_only: bool = True) -> RollbackAnswer:
        """Show what a rollback of a batch would do; nothing is changed. By default only the culprits are reverted."""
        return self._roll_back(batch, culprits_only=culprits_only, is_applied=False)

    def rollback(self, batch: int, *, culprits_only: bool = True, apply: bool = False) -> RollbackAnswer:
        """Show what a rollback of a batch would do, and do it with `apply`; `batchhook undo` takes it back.

        By default only the culprits are reverted, if a test run confirms that this fixes what they broke.
        """
        return self._roll_back(batch, culprits_only=culprits_only, is_applied=apply and self.allow_rollback)

    def _roll_back(self, batch: int, *, culprits_only: bool, is_applied: bool) -> RollbackAnswer:
        document = self._workflow.rollback(batch, culprit=culprits_only, dry_run=not is_applied)
        is_done = document.id is not None
        if is_done:
            next_step = "to take it back: batchhook undo"
        elif self.allow_rollback:
            next_step = "to do it, call this tool with apply"
        else:
            next_step = f"a person can do it: batchhook rollback {batch}{' --culprit' if culprits_only else ''}"
        answer = RollbackAnswer(
            batch=batch,
            operation=document.id or 0,
            is_done=is_done,
            changes=tuple(oid[:_OID_DIGITS] for oid in document.changes),
            files=tuple(f"{each.action} {each.path}" for each in document.files),
            diff=quote(document.diff),
            next_step=next_step,
        )
        return self._bound(answer, "rollback")

    def _wait_for_run(self, name: str, patience: Callable[[], bool]) -> RunAnswer:
        run = self._runs.get(name)
        if run is None:
            raise UsageError(f"there is no {name[:40]}", "start one with `run_tests`")
        while (document := run.result()) is None:
            if patience():
                progress = run.progress()
                return RunAnswer(
                    run=name,
                    is_running=True,
                    progress=format_progress(progress),
                    verdict="",
                    tests=progress.total,
                    failing=progress.failed,
                    failures=(),
                    next_step=f"wait with `{name}`",
                )
            time.sleep(_POLL_SECONDS)
        result = json_models.TestDocument.model_validate(document)
        return RunAnswer(
            run=name,
            is_running=False,
            progress="",
            verdict=result.verdict,
            tests=result.totals.tests,
            failing=len(result.failures),
            failures=tuple(map(_failure, result.failures[:_FEW])),
            next_step=result.hint or ("" if not result.failures else "fix them, then run with `failed`"),
        )

    def _wait_for_batch(self, number: int | None, seconds: float) -> RunAnswer:
        try:
            analysis = self._workflow.wait(number, min(max(seconds, 0), MAX_WAIT))
        except NotFinishedError as error:
            active = next((each for each in self._workflow.status().under_way if number in {None, each.batch}), None)
            if active is None:
                raise
            return RunAnswer(
                run=f"batch {active.batch}",
                is_running=True,
                progress=f"{active.stage}, {active.done} of {active.total}",
                verdict=active.verdict or "",
                tests=active.total,
                failing=active.failed,
                failures=(),
                next_step=f"wait with `batch {active.batch}` ({error.message})",
            )
        return RunAnswer(
            run=f"batch {analysis.batch.id}",
            is_running=False,
            progress="",
            verdict=analysis.verdict,
            tests=analysis.totals.tests,
            failing=len(analysis.failures),
            failures=tuple(map(_failure, analysis.failures[:_FEW])),
            next_step=analysis.hint or ("" if not analysis.failures else "ask `why` for each, or `failures` for all"),
        )

    def _analyze(self, batch: int) -> json_models.AnalysisDocument:
        if batch:
            return self._workflow.analyze(batch)
        latest = self._workflow.status().latest
        if not latest:
            raise BatchhookError("no batch is full yet", "ask `status` how far the open one is")
        return self._workflow.analyze(latest[0].batch.id)

    def _diff(self, oid: str, traceback: str) -> str:
        """Return the diff of a change, of the files first that a traceback names."""
        git = self._location.git()
        (change,) = history.read_commits(git, [oid])
        patch, _ = patches.read_patch(git, change.base_tree or trees.empty_tree(git), change.tree, _MAX_PATCH)
        files = [f"diff --git {part}" for part in patch.split("diff --git ")[1:]]
        return "".join(sorted(files, key=lambda part: _path_of(part) not in traceback))

    def _bound(self, answer: AnswerT, tool: str) -> AnswerT:
        return bound(answer, self._files / f"{tool}.json")


_NOT_KNOWN_YET = json_models.AttributionDocument(
    kind="not known yet", change="", confidence=0.0, suspects=(), reason="", runs=0, failed=0, evidence=()
)


def _path_of(patch: str) -> str:
    """Return the path of a file's part of a patch."""
    return patch.split("\n", 1)[0].rpartition(" b/")[2]


def _change(change: json_models.ChangeDocument) -> Change:
    return Change(commit=change.oid[:_OID_DIGITS], subject=quote(one_line(change.summary, _MAX_SUBJECT)))


def _batch_state(summary: json_models.BatchSummaryDocument) -> BatchState:
    batch = summary.batch
    rolled_back = " (rolled back)" if summary.rollback else ""
    return BatchState(
        batch=batch.id, status=batch.status, verdict=f"{summary.verdict or ''}{rolled_back}", changes=len(batch.changes)
    )


def _failure(failure: json_models.FailureDocument) -> Failure:
    attribution = failure.attribution or _NOT_KNOWN_YET
    return Failure(
        test=failure.test_id,
        error=quote(one_line(f"{failure.error_type}: {failure.message}", _MAX_MESSAGE)),
        location=failure.location,
        cause=attribution.kind,
        change=attribution.change[:_OID_DIGITS],
    )


def _next_step(status: json_models.StatusDocument) -> str:
    if status.interrupted:
        return "an operation was interrupted; a person should run: batchhook operations finish"
    if status.unseen:
        return f"call `wait` with `batch {status.unseen[0]}`, then `failures`"
    if status.under_way:
        return f"call `wait` with `batch {status.under_way[0].batch}`"
    if status.critical:
        return f"fix what batch {status.critical} broke (`failures`), or preview its rollback"
    return ""
