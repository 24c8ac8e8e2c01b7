"""Runs of the suite on one commit: in a private worktree, or in place on the files of the user's own."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from batchhook.core.events import RunListener, StageBegan, ignore_event
from batchhook.core.results import Run, SuiteResult, broken_result
from batchhook.core.settings import Isolation, Settings
from batchhook.core.suite_paths import find_untouched
from batchhook.errors import BatchhookError, SuiteError, UsageError
from batchhook.execution.cancel import CancelToken
from batchhook.execution.code_recording import CodeRecording
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuitePart, SuiteSpec
from batchhook.git import private_worktree
from batchhook.git.snapshot import capture_files
from batchhook.git.untracked import find_omissions
from batchhook.store import coverage as coverage_rows, locks, runs, test_stats, worktree_places
from batchhook.workflow.context.project import Project
from batchhook.workflow.coverage.measure import add_coverage, is_measurable, with_coverage
from batchhook.workflow.suite.engine_choice import list_committed_files, list_files
from batchhook.workflow.suite.fingerprint import Suite, find_suite
from batchhook.workflow.suite.prepare import SetupContext, prepare_checkout
from batchhook.workflow.suite.setup_cache import SetupCache
from batchhook.workflow.suite.skips import add_skip_notes
from batchhook.workflow.suite.uncommitted import add_uncommitted_notes, hint_uncommitted_tests
from batchhook.workflow.suite.unrun import add_unrun_tests
from batchhook.workflow.suite.worktrees import locked_worktree


@dataclass(frozen=True, slots=True)
class RunAdvice:
    """Advice on how to run a suite, beyond what was requested.

    Attributes:
        priorities: 0 to 1, of tests that should run early, by id.
        recording: collects the code that each test runs; None for not.
        slowness: factor by which tests may take longer for it, so that time limits are stretched by it.
    """

    priorities: Mapping[str, float] = field(default_factory=dict)
    recording: CodeRecording | None = None
    slowness: float = 1.0


def _no_advice(suite: Suite, tree: str) -> RunAdvice:  # noqa: ARG001 - the signature of those that give advice
    return RunAdvice()


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A request to run the suite, or a part of it, on a commit.

    Attributes:
        commit: any revision.
        only: ids of tests, classes or modules; empty for all.
        changed_files: files that the commits under test changed; their tests come first.
        keyword: selects tests by their names, as the framework's ``-k`` does; empty for all.
        markers: selects tests by their marks, as ``pytest -m`` does; empty for all.
        fail_fast: whether the first failure ends the run.
        fresh: whether to run even if a passing run of the same suite on the same tree could be reused.
        relearn_order: whether to forget which tests depend on others, and find out again.
        advise: called with the suite and the tree before they run (``workflow/impact``).
        cancel: breaks off the run.
        with_exports: whether files of its coverage for other programs are wanted, if it is measured.
    """

    commit: str = "HEAD"
    only: tuple[str, ...] = ()
    keyword: str = ""
    markers: str = ""
    changed_files: frozenset[str] = field(default_factory=frozenset)
    fail_fast: bool = False
    fresh: bool = False
    relearn_order: bool = False
    advise: Callable[[Suite, str], RunAdvice] = _no_advice
    cancel: CancelToken | None = None
    with_exports: bool = False

    @property
    def is_whole(self) -> bool:
        """Return whether all tests are asked for."""
        return not (self.only or self.keyword or self.markers)


def run_suite_on_commit(
    project: Project, request: RunRequest, environment: Mapping[str, str], listener: RunListener, scratch: Path
) -> Run:
    """Run the suite on exactly a commit's files, or return the stored run of the same suite on the same tree.

    Only a run in which nothing failed is reused.

    With ``isolation = "in-place"`` the user's work tree is tested as it is, and the run's tree is that of its files.

    Args:
        project: the repository.
        request: what to run.
        environment: the caller's; the tests get it without the variables of git and of hook frameworks.
        listener: follows the run.
        scratch: a folder for this run, emptied first.

    Returns:
        a stored run (``id`` set), or a new one that is not stored yet. A suite that cannot run yields a broken run.

    Raises:
        GitError: the commit cannot be checked out.
    """
    started_at = time.time()
    tree = project.git.text("rev-parse", f"{request.commit}^{{tree}}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        suite = find_suite(project, environment)
    except SuiteError as error:
        return Run(tree, {}, started_at, broken_result(error))
    untouched = () if not request.is_whole else _find_untouched(project, request)
    if untouched and len(untouched) < len(suite.parts):
        suite = suite.without(untouched)
    else:
        untouched = ()
    if project.settings.isolation is Isolation.IN_PLACE:
        return _run_in_place(project, suite, request, listener, scratch)
    if not request.fresh and request.is_whole:
        stored = runs.find_reusable(project.database, tree, suite.fingerprint)
        # A failure may have a cause outside of the tree, such as a variable that has been set since.
        if stored is not None and not stored.result.totals.failures and _has_coverage(project, suite, stored):
            return stored
    result = _run_in_worktree(project, suite, request, request.advise(suite, tree), listener, scratch)
    if untouched:
        reason = f"Not run: {', '.join(untouched)}, since no changed file matches `paths`"
        result = replace(result, hint="; ".join(filter(None, (result.hint, reason))))
    return Run(tree, suite.fingerprint, started_at, result)


def _has_coverage(project: Project, suite: Suite, run: Run) -> bool:
    """Return whether a stored run was measured, if the settings want that."""
    engines = [part.engine for part in suite.parts] or [suite.engine]
    return not project.settings.coverage or not is_measurable(engines) or coverage_rows.has(project.database, run.id)


def _find_untouched(project: Project, request: RunRequest) -> tuple[str, ...]:
    """Return the names of the suites that the commits under test cannot touch."""
    suites = project.settings.suites
    if not any(suite.paths for suite in suites):
        return ()
    return find_untouched(suites, request.changed_files, test_stats.load(project.database).last_failed)


def ensure_run(project: Project, commit: str, environment: Mapping[str, str], listener: RunListener) -> Run:
    """Return a stored run of the whole suite on a commit's files; run it now if there is none.

    Args:
        project: the repository.
        commit: its oid.
        environment: the caller's.
        listener: follows the run.

    Raises:
        BatchhookError: the commit cannot be checked out, or the suite cannot run there.
    """
    scratch = project.state.run(f"by-hand-{os.getpid()}")
    run = run_suite_on_commit(project, RunRequest(commit), environment, listener, scratch)
    if run.result.broken_reason:
        raise BatchhookError(f"{commit[:8]} cannot be tested: {run.result.broken_reason}", run.result.hint)
    return run if run.id else replace(run, id=runs.add(project.database, run))


def _run_in_worktree(  # noqa: PLR0913, PLR0917
    project: Project, suite: Suite, request: RunRequest, advice: RunAdvice, listener: RunListener, scratch: Path
) -> SuiteResult:
    top, settings, git = project.location.top, project.settings, project.git
    context = SetupContext(suite.environment, suite.setups, scratch / "setup.log", request.cancel)
    try:
        with prepared_worktree(project, request.commit, context, listener) as checkout:
            listener(StageBegan("testing"))
            spec = _request_spec(project, request, checkout_spec(project.settings, suite, checkout, scratch), advice)
            result = add_coverage(run_suite(spec, listener), spec, top, with_exports=request.with_exports)
            result = add_uncommitted_notes(result, checkout, top, settings.source_roots, git)
            result = add_skip_notes(result, checkout, top, settings.source_roots, git)
            result = hint_uncommitted_tests(result, settings, request.commit, top, git)
            files = partial(list_committed_files, git, request.commit)
            return add_unrun_tests(result, settings.engine, spec, suite.interpreter, files)
    except SuiteError as error:
        return hint_uncommitted_tests(broken_result(error), settings, request.commit, top, git)


def _run_in_place(project: Project, suite: Suite, request: RunRequest, listener: RunListener, scratch: Path) -> Run:
    listener(StageBegan("waiting for another run in place"))
    with locks.lock(project.state.in_place_lock):
        listener(StageBegan("reading the work tree"))
        started_at = time.time()
        omissions = find_omissions(project.git, project.settings.snapshot_limit_bytes)
        tree = capture_files(project.git, project.location, "batchhook-index-run", omissions)
        listener(StageBegan("testing"))
        spec = default_spec(project.settings, suite, project.location.top, scratch)
        spec = _request_spec(project, request, spec, request.advise(suite, tree))
        result = add_coverage(run_suite(spec, listener), spec, spec.root, with_exports=request.with_exports)
        files = partial(list_files, project.git)
        result = add_unrun_tests(result, project.settings.engine, spec, suite.interpreter, files)
    return Run(tree, suite.fingerprint, started_at, result)


@contextmanager
def prepared_worktree(
    project: Project, commit: str, context: SetupContext, listener: RunListener = ignore_event
) -> Iterator[Path]:
    """Provide a private worktree that holds exactly a commit's files and is set up for tests.

    Args:
        project: the repository.
        commit: any revision.
        context: of the setup command; its token cancels the preparation.
        listener: follows the stages.

    Raises:
        GitError: the commit cannot be checked out.
        SuiteError: the worktree cannot be set up, all are in use, or the preparation was cancelled.
    """
    with locked_worktree(project) as checkout:
        _check_not_cancelled(context)
        listener(StageBegan("checking out"))
        cache = SetupCache.beside(checkout)
        private_worktree.checkout(project.git, checkout, commit, project.location.project_roots, cache.lasting_folders)
        _check_not_cancelled(context)
        listener(StageBegan("setting up"))
        prepare_checkout(checkout, project.location.top, project.settings, context, cache)
        _check_not_cancelled(context)
        yield checkout


def _check_not_cancelled(context: SetupContext) -> None:
    if context.cancel is not None and context.cancel.is_cancelled:
        raise SuiteError("the run was cancelled")


def _request_spec(project: Project, request: RunRequest, spec: SuiteSpec, advice: RunAdvice) -> SuiteSpec:
    """Return the spec of a run for what was requested."""
    stats = test_stats.load(project.database)
    if request.relearn_order:
        stats = replace(stats, parallel_only=frozenset(), order_dependent=frozenset(), isolation_verified=frozenset())
    if request.keyword or request.markers:
        spec = _restrict(spec, request.keyword, request.markers)
    parts = tuple(replace(part, test_timeout=part.test_timeout * advice.slowness) for part in spec.parts)
    if project.settings.coverage and request.is_whole and not request.fail_fast:
        spec = with_coverage(spec)
    return replace(
        spec,
        parts=parts,
        test_timeout=spec.test_timeout * advice.slowness,
        only=request.only,
        fail_fast=request.fail_fast,
        stats=stats,
        changed_files=request.changed_files,
        priorities=advice.priorities,
        recording=advice.recording,
        cancel=request.cancel,
    )


def _restrict(spec: SuiteSpec, keyword: str, markers: str) -> SuiteSpec:
    """Select tests by expressions; of several suites, leave out those whose framework does not know them.

    Raises:
        UsageError: no suite's framework knows them.
    """
    parts: list[SuitePart] = []
    for part in spec.parts:
        with suppress(UsageError):
            parts.append(replace(part, engine=part.engine.restrict(keyword, markers)))
    engine = spec.engine if parts else spec.engine.restrict(keyword, markers)
    return replace(spec, engine=engine, parts=tuple(parts))


def checkout_spec(settings: Settings, suite: Suite, checkout: Path, scratch: Path) -> SuiteSpec:
    """Return the spec of a run of the whole suite in a private work tree, without statistics of earlier runs."""
    return replace(default_spec(settings, suite, checkout, scratch), cache=worktree_places.cache_beside(checkout))


def default_spec(settings: Settings, suite: Suite, root: Path, scratch: Path) -> SuiteSpec:
    """Return the spec of a run of the whole suite in a folder, without statistics of earlier runs."""
    return SuiteSpec(
        interpreter=suite.interpreter.path if suite.interpreter else Path(),
        root=root,
        environment=suite.environment,
        scratch=scratch,
        engine=suite.engine,
        parts=suite.parts,
        test_timeout=settings.test_timeout,
        jobs=job_count(settings),
        order=settings.order,
    )


def job_count(settings: Settings) -> int:
    """Return the ``jobs`` setting; for 0, the number of processors that this process may use."""
    if settings.jobs:
        return settings.jobs
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_located(spec: SuiteSpec, modules: frozenset[str], listener: RunListener = ignore_event) -> SuiteResult:
    """Run tests of another tree, importing only the modules that they were in there; see ``from_other_tree``.

    Tests that are not found there are searched for in the whole suite; so are all if any depends on the suite's order.

    Returns:
        the result; its ``known_ids`` are set only if the whole suite was discovered.
    """
    if spec.stats.needs_suite_order:
        return run_suite(spec, listener)
    direct = run_suite(replace(spec, modules=modules), listener)
    if not direct.absent:
        return replace(direct, known_ids=frozenset())
    rest = run_suite(replace(spec, only=tuple(direct.absent)), listener)
    return replace(rest, results=direct.results + rest.results, untestable=direct.untestable + rest.untestable)
