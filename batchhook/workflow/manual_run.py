"""Manual runs: the suite, or some of its tests, run on request."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from batchhook.core.coverage.diff_coverage import CoverageReport
from batchhook.core.events import RunListener
from batchhook.core.results import Run
from batchhook.core.settings import Isolation, RunOrder
from batchhook.core.skip_comparison import SkipComparison
from batchhook.core.test_ids import EVERYTHING, is_inside, join_suite
from batchhook.errors import BatchhookError, NothingToDoError, UsageError
from batchhook.execution.parts import words_inside
from batchhook.execution.scheduling import names_of
from batchhook.git import shadow_index, untracked
from batchhook.git.location import read_head
from batchhook.store import locks, runs, skip_comparisons, test_stats
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import head_oid
from batchhook.workflow.coverage.compare import load_report
from batchhook.workflow.impact.advice import ImpactAdvisor
from batchhook.workflow.impact.query import ChangeSource, query_affected
from batchhook.workflow.recording.record import keep_omitted
from batchhook.workflow.status import gate
from batchhook.workflow.suite.compare_skips import compare_skips
from batchhook.workflow.suite.fingerprint import find_suite
from batchhook.workflow.suite.python_choice import unused_environment
from batchhook.workflow.suite.run import RunRequest, run_suite_on_commit


@dataclass(frozen=True, slots=True)
class ManualRun:
    """A run on request.

    Attributes:
        commit: oid of the commit that was tested.
        run: as stored.
        is_cached: whether it is an earlier run of the same suite on the same tree.
        has_untested_changes: whether the work tree has changes that were not tested, since they are not committed
            (recorded).
        flips: for failing tests that have both failed and not failed on one tree, how often, by id.
        unused_environment: the virtual environment that is active in this terminal, if the run was under another
            Python; else empty.
        uncompared_skips: number of its skips, if they can be compared with the user's work tree and never were; else 0.
        coverage: of the run; None if the settings do not ask for it.
    """

    commit: str
    run: Run
    is_cached: bool
    has_untested_changes: bool
    flips: Mapping[str, int]
    unused_environment: str = ""
    uncompared_skips: int = 0
    coverage: CoverageReport | None = None


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run in a private work tree, whose skipped tests were run in the user's own as well.

    Attributes:
        commit: oid of the commit that was tested.
        run: as stored.
        comparison: with the user's work tree.
    """

    commit: str
    run: Run
    comparison: SkipComparison


def run_head(project: Project, listener: RunListener, request: RunRequest, *, recorded: bool = False) -> ManualRun:
    """Run the suite, or some of its tests, on HEAD or on the last recorded change, and store the result.

    Args:
        project: the repository, with the settings that apply to this run.
        listener: follows the run.
        request: what to run; its commit is replaced.
        recorded: whether to test what was recorded after HEAD, if anything was.

    Raises:
        BatchhookError: nothing is committed (recorded) yet.
    """
    branch = read_head(project.git, project.location).branch
    oid = (_last_counted_oid(project) if recorded else "") or head_oid(project)
    is_in_place = project.settings.isolation is Isolation.IN_PLACE
    has_untested_changes = not is_in_place and _differs_from_work_tree(project, oid, recorded=recorded)
    scratch = project.state.run(f"by-hand-{os.getpid()}")
    advisor = ImpactAdvisor(project, is_awaited=True)
    run = run_suite_on_commit(project, replace(request, commit=oid, advise=advisor), os.environ, listener, scratch)
    is_cached = bool(run.id)
    if not is_cached:
        run = replace(run, id=runs.add(project.database, run))
        advisor.store(run)
    gate.resolve_by_run(project, branch, run)
    failed = (result.test_id for result in run.result.results if result.outcome.is_failure)
    flips = test_stats.load_flips(project.database, failed)
    return ManualRun(
        oid,
        run,
        is_cached,
        has_untested_changes,
        flips,
        unused_environment(run, os.environ),
        skip_comparisons.count_uncompared(project.database, run),
        load_report(project.database, project.git, run.id) if project.settings.coverage else None,
    )


def run_skipped(project: Project, listener: RunListener, *, fresh: bool = False) -> ComparedRun:
    """Run the tests that are skipped on HEAD in the user's own work tree, and compare; that run is not stored.

    The last run of the whole suite on HEAD's files counts; if there is none, the suite runs first, and is stored.

    Args:
        project: the repository, with the settings that apply to this run.
        listener: follows the runs.
        fresh: whether to run the whole suite even if there is such a run.

    Raises:
        UsageError: tests always run in the user's work tree.
        BatchhookError: nothing is committed yet, or the suite cannot run in one of the work trees.
    """
    if project.settings.isolation is Isolation.IN_PLACE:
        raise UsageError("tests run in your work tree already", '--skipped is for isolation = "worktree"')
    oid = head_oid(project)
    suite = find_suite(project, os.environ)
    tree = project.git.text("rev-parse", f"{oid}^{{tree}}")
    run = None if fresh else runs.find_reusable(project.database, tree, suite.fingerprint)
    if run is None:
        run = run_head(project, listener, RunRequest(fresh=fresh)).run
    if run.result.broken_reason:
        raise BatchhookError(f"{oid[:8]} cannot be tested: {run.result.broken_reason}", run.result.hint)
    comparison = compare_skips(project, suite, run, listener, project.state.run(f"skipped-{os.getpid()}"))
    skip_comparisons.add(project.database, run.suite)
    return ComparedRun(oid, run, comparison)


def _last_counted_oid(project: Project) -> str:
    count = project.reconcile()
    return count.last_step.oid if count and count.last_step else ""


def _differs_from_work_tree(project: Project, oid: str, *, recorded: bool) -> bool:
    if not recorded and not project.location.is_shadow:
        return untracked.has_uncommitted(project.git.at(project.location.top))
    with locks.lock(project.state.recording_lock):
        omissions = untracked.find_omissions(project.git, project.settings.snapshot_limit_bytes)
        tree = shadow_index.write_tree(project.git, project.location, omissions)
    tested_tree = project.git.text("rev-parse", f"{oid}^{{tree}}")
    return keep_omitted(project, tree, tested_tree, omissions) != tested_tree


def run_request(  # noqa: PLR0913 - the options of a command
    project: Project,
    tests: Sequence[str] = (),
    *,
    failed: bool = False,
    affected: bool = False,
    fresh: bool = False,
    order: RunOrder | None = None,
) -> RunRequest:
    """Return a request for a manual run.

    Args:
        project: the repository.
        tests: ids of tests, classes or modules, or paths from the top; empty for all.
        failed: whether to run only those of them that failed when they last ran.
        affected: whether to run only those that the change at HEAD can affect, in place the uncommitted changes.
        fresh: whether to run even if a stored run could be reused.
        order: if given for this run; ``auto`` forgets which tests depend on others and finds out again.

    Raises:
        NothingToDoError: ``failed`` is set, and no test failed; or ``affected``, and none is.
        UsageError: ``affected`` is set, and tests are selected in another way, too.
    """
    if affected:
        if failed or tests:
            raise UsageError(f"--affected and {'--failed' if failed else 'TEST'} are mutually exclusive", "choose one")
        only = _affected(project)
    else:
        only = _last_failed(project, tests) if failed else tuple(tests)
    relearn_order = order is RunOrder.AUTO
    return RunRequest(only=only, fresh=fresh or relearn_order, relearn_order=relearn_order)


def _affected(project: Project) -> tuple[str, ...]:
    """Return the tests that the change at HEAD can affect; in place, those that the uncommitted changes can."""
    is_in_place = project.settings.isolation is Isolation.IN_PLACE
    answer = query_affected(project, ChangeSource.WORKTREE if is_in_place else ChangeSource.COMMIT)
    if not answer.selection:
        raise NothingToDoError(f"no test can be affected by {answer.subject}", "batchhook test runs all of them")
    return answer.selection


def _last_failed(project: Project, selection: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the tests in a selection (empty: all) that failed when they last ran, sorted."""
    stats = test_stats.load(project.database)
    failed = stats.last_failed
    if not stats.durations:
        raise NothingToDoError("no test has run here yet", "batchhook test runs all of them")
    if selection:
        suites = [(suite.name, suite.folder) for suite in project.settings.suites] or [("", "")]
        named = tuple(_names_of(selection, suites, failed | stats.durations.keys()))
        failed = frozenset(test_id for test_id in failed if any(_is_selected(test_id, name) for name in named))
    if not failed:
        raise NothingToDoError("no test failed when it last ran", "batchhook test runs all of them")
    return tuple(sorted(failed))


def _names_of(words: Iterable[str], suites: Iterable[tuple[str, str]], known: Collection[str]) -> Iterator[str]:
    """Yield the ids that words of the user's stand for.

    Args:
        words: ids, or paths from the top.
        suites: name and folder of each.
        known: ids of all tests: of the ids that a path may stand for, the first that names any of them counts.
    """
    for word, (suite, folder) in itertools.product(words, suites):
        for text in words_inside(word, suite, folder):
            names = [join_suite(suite, name) for name in names_of(text)] if text else [join_suite(suite, EVERYTHING)]
            yield next((name for name in names if any(_is_selected(test_id, name) for test_id in known)), names[0])


def _is_selected(test_id: str, word: str) -> bool:
    """Return whether a test is what a word names, or inside of it."""
    return test_id == word or test_id.startswith((f"{word}.", f"{word}::", f"{word}[")) or is_inside(test_id, word)
