"""The search for the commit that broke tests, or a command, in a range of history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.commit import Commit, FileEdit
from batchhook.core.culprits.attribution import AttributionKind, ProbeOutcome
from batchhook.core.culprits.bisect_result import Bisection, Finding
from batchhook.core.progress import Progress
from batchhook.core.settings import Isolation
from batchhook.errors import BatchhookError, GitError
from batchhook.lazy import LazyModule
from batchhook.store import observations
from batchhook.store.observations import RunFilter
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import CommitRange, Revision, first_parent_range, resolve_revision
from batchhook.workflow.culprits.command_probe import CommandProber, open_command_prober
from batchhook.workflow.culprits.probe_cache import ProbeCache, TestProbe
from batchhook.workflow.culprits.probes import Prober, open_test_prober
from batchhook.workflow.culprits.range_search import RangeSearch, probe_progress
from batchhook.workflow.culprits.request import BisectRequest
from batchhook.workflow.suite.fingerprint import find_suite

if TYPE_CHECKING:
    from batchhook.git import backends, object_db
else:
    backends = LazyModule("batchhook.git.backends")
    object_db = LazyModule("batchhook.git.object_db")

_MAX_NAMED = 3
"""Tests that an error names."""
_EXPECTED_ID = "expected the id of a single test: package.module.Class.method, or path/to/test_x.py::test_y"
_WHY_UNTESTABLE = (
    f"{_EXPECTED_ID}; or its module cannot be imported there, or one of its fixtures fails: then search for that, by "
    "its id (unittest.loader._FailedTest.MODULE, setUpClass (CLASS), path/to/test_x.py)"
)


def bisect(
    project: Project, request: BisectRequest, on_progress: Callable[[Progress], None], scratch: Path
) -> Bisection:
    """Find the commit that broke tests, or a command, in a range of history.

    The user's work tree, index and HEAD are not touched. The search may be killed at any moment: each probe is stored
    when it completes, so that the same search resumes from there.

    Args:
        project: the repository.
        request: what to search for.
        on_progress: called before each round of probes.
        scratch: a folder for the files of probes.

    Raises:
        BatchhookError: there is no such range, nothing fails at its end, or the command cannot be run.
    """
    good, bad = resolve_revision(project, request.good), resolve_revision(project, request.bad)
    commit_range = first_parent_range(project.git, bad, [good])
    if commit_range is None:
        raise BatchhookError(
            f"there is nothing to search: {request.good} already contains {request.bad}",
            "the older commit comes first: batchhook bisect TEST GOOD BAD",
        )
    with _open_prober(project, request, scratch) as prober:
        return _search(project, request, prober, commit_range, on_progress)


@contextmanager
def _open_prober(project: Project, request: BisectRequest, scratch: Path) -> Iterator[Prober]:
    if request.command is not None:
        with open_command_prober(project, request.command, request.environment, scratch) as prober:
            yield prober
        return
    if project.settings.isolation is Isolation.IN_PLACE:
        raise BatchhookError(
            "tests run in place here, where other commits cannot be tested", "search with a command: --exec CMD"
        )
    with open_test_prober(project, find_suite(project, request.environment), scratch) as test_prober:
        yield test_prober


def _search(
    project: Project,
    request: BisectRequest,
    prober: Prober,
    commit_range: CommitRange,
    on_progress: Callable[[Progress], None],
) -> Bisection:
    after_run = observations.latest_run_id(project.database) if request.fresh else 0
    runs = RunFilter(prober.fingerprint, after_run=after_run)
    cache = ProbeCache(project.database, prober, runs, lambda revisions: on_progress(probe_progress(revisions)))
    bad = commit_range.revisions[-1]
    probes = cache.probe_by_name(bad, request.names)
    _check_failing(request, bad, probes)
    not_failing = {name: probe.outcome for name, probe in probes.items() if probe.outcome is not ProbeOutcome.FAILED}
    failures = observations.find_failures(project.database, bad.tree, runs, probes.keys() - not_failing.keys())
    search = RangeSearch(project, cache, bad, request.command is None, on_progress, request.budget)
    findings = search.search(commit_range, [failures[name] for name in request.names if name in failures])
    culprits = [search.commits[finding.attribution.culprit] for finding in findings.values() if finding.is_solved]
    return Bisection(
        good=commit_range.excluded[0],
        bad=bad.oid,
        base=commit_range.revisions[0].oid,
        size=len(commit_range.commits),
        probes=cache.probe_count + search.probe_count,
        findings={
            name: _explain_finding(request, commit_range, findings[name]) for name in request.names if name in findings
        },
        not_failing=not_failing,
        commits=search.commits,
        edits=_file_edits(project, culprits),
        remarks=_remarks(request, prober),
    )


def _check_failing(request: BisectRequest, bad: Revision, probes: Mapping[str, TestProbe]) -> None:
    """Check that all tests exist and can be tested at the end of the range, and that one fails there.

    Raises:
        BatchhookError: there is nothing to search for.
    """
    where = f"at {request.bad} ({bad.oid[:8]})"
    for name in request.names:
        probe = probes[name]
        if probe.outcome is ProbeOutcome.ABSENT:
            hint = f"did you mean {_join_names(probe.similar)}?" if probe.similar else _EXPECTED_ID
            raise BatchhookError(f"{name} does not exist {where}", hint)
        if probe.outcome is ProbeOutcome.UNTESTABLE:
            raise _untestable_error(request, probe, f"{_display_name(request, name)} cannot be tested {where}")
    if all(probe.outcome is not ProbeOutcome.FAILED for probe in probes.values()):
        names = _join_names(_display_name(request, name) for name in request.names)
        raise BatchhookError(
            f"{names} {'does' if len(probes) == 1 else 'do'} not fail {where}",
            "if it fails there sometimes, try again with --fresh",
        )


def _untestable_error(request: BisectRequest, probe: TestProbe, message: str) -> BatchhookError:
    if probe.error:
        return BatchhookError(f"{message}: {probe.error}", probe.hint)
    if request.command is None:
        return BatchhookError(message, _WHY_UNTESTABLE)
    return BatchhookError(message, "it exited with 125, or timed out; the search needs a commit where it fails")


def _display_name(request: BisectRequest, name: str) -> str:
    return name if request.command is None else f"`{name}`"


def _join_names(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MAX_NAMED} more" if len(listed) > _MAX_NAMED else ""
    return ", ".join(listed[:_MAX_NAMED]) + more


def _explain_finding(request: BisectRequest, commit_range: CommitRange, finding: Finding) -> Finding:
    """Add a note to the finding of a test that failed before the range."""
    if finding.attribution.kind is not AttributionKind.PRE_EXISTING:
        return finding
    base = commit_range.revisions[0].oid
    if base in commit_range.excluded:
        return replace(finding, note=f"it already fails at {request.good}")
    return replace(
        finding,
        note=f"it fails at {base[:8]}, the common base of {request.good} and {request.bad}: "
        f"the failure is older than the range, or {request.good} fixed it",
    )


def _file_edits(project: Project, commits: Iterable[Commit]) -> Mapping[str, tuple[FileEdit, ...]]:
    """Return the file edits of commits, by oid; none if libgit2 cannot read the repository."""
    try:
        repository = backends.open_repository(project.location.common_dir)
    except GitError:
        return {}
    return {commit.oid: object_db.file_edits(repository, commit) for commit in commits}


def _remarks(request: BisectRequest, prober: Prober) -> tuple[str, ...]:
    if request.command is None or not isinstance(prober, CommandProber):
        return ()
    limit = f"{request.command.timeout:g} s"
    return tuple(f"skipped {oid[:8]}: the command did not end within {limit}" for oid in prober.timed_out)
