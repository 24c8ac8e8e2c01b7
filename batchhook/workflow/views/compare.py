"""Two trees, commits or batches, compared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from batchhook.core.comparison import compare
from batchhook.core.results import Run, TestResult
from batchhook.core.suite_difference import describe_difference, python_of
from batchhook.core.views.comparison import ComparedTree, ComparisonView, DurationStep
from batchhook.errors import BatchhookError
from batchhook.git import history
from batchhook.git.patches import read_names
from batchhook.store import batch_rows, batches, runs, tested_trees
from batchhook.workflow.context.project import Project
from batchhook.workflow.status.analyze import find_flaky

__all__ = ["ComparisonView", "load_comparison"]

_BATCH = re.compile(r"(?:batch )?([1-9]\d{0,8})", re.IGNORECASE)
_MAX_FILES = 100
_MAX_DURATIONS = 12
_SUGGESTIONS = 30
_LEAST_SECONDS, _LEAST_RATIO = 0.05, 1.5
"""Of a duration that is worth showing, and of its difference."""


def load_comparison(project: Project, before: str = "", after: str = "") -> ComparisonView:
    """Compare two trees, as far as they were tested.

    Args:
        project: the repository.
        before: a batch's number (its head), a revision, or a tree; empty if not chosen yet.
        after: likewise.

    Raises:
        BatchhookError: there is no such commit, tree or batch.
    """
    suggestions = batch_rows.list_latest(project.database, _SUGGESTIONS, {}, sealed_only=True)
    sides = [_find(project, name.strip()) if name.strip() else None for name in (before, after)]
    if sides[0] is None or sides[1] is None:
        return ComparisonView(sides[0], sides[1], suggestions=suggestions)
    pair = (sides[0].tree, sides[1].tree)
    files = read_names(project.git, [pair]).get(pair, [])
    view = ComparisonView(
        sides[0], sides[1], files=tuple(files[:_MAX_FILES]), file_count=len(files), suggestions=suggestions
    )
    if not (sides[0].run and sides[1].run):
        return view
    return _with_results(project, view, *(runs.load(project.database, side.run) for side in sides if side))


def _with_results(project: Project, view: ComparisonView, before: Run, after: Run) -> ComparisonView:
    flaky = find_flaky(project, before.result.results, view.before.batch if view.before else 0)
    steps = sorted(_durations(before.result.results, after.result.results), key=lambda step: step.before - step.now)
    return ComparisonView(
        before=view.before,
        after=view.after,
        comparison=compare(after.result.results, before.result.results, flaky).overall,
        slower=tuple(step for step in steps if step.now > step.before)[:_MAX_DURATIONS],
        faster=tuple(step for step in reversed(steps) if step.now < step.before)[:_MAX_DURATIONS],
        files=view.files,
        file_count=view.file_count,
        difference=describe_difference(after.suite, before.suite, "the tests before"),
        suggestions=view.suggestions,
    )


def _find(project: Project, name: str) -> ComparedTree:
    """Find a tree by its name, and the latest complete run on it."""
    number = _BATCH.fullmatch(name)
    batch = int(number[1]) if number else 0
    if batch:
        stored = batches.load(project.database, batch)
        oid = stored.head
        if not oid:
            raise BatchhookError(f"batch {batch} is still open: it has no head to compare", "name a commit of it")
        tree, subject = stored.changes[-1].tree, stored.changes[-1].subject
        tested = tested_trees.find_for_batch(project.database, batch)
    else:
        oid, tree, subject = _resolve(project, name)
        tested = tested_trees.find_latest(project.database, tree)
    if tested is None:
        return ComparedTree(name, oid, subject, tree)
    run = runs.load_head(project.database, tested.run)
    return ComparedTree(
        name, oid, subject, tree, tested.run, tested.batch, run.started_at, run.totals, python_of(run.suite)
    )


def _resolve(project: Project, name: str) -> tuple[str, str, str]:
    """Return the commit, its tree and its subject; of a tree, only that."""
    git = project.git
    try:
        (commit,) = history.read_commits(git, [history.resolve_commit(git, name)])
    except BatchhookError:
        options = ("--verify", "--quiet", "--end-of-options")
        done = git.run("rev-parse", *options, f"{name}^{{tree}}", check=False)
        if done.returncode:
            raise
        return "", done.stdout.decode("ascii", "replace").strip(), ""
    return commit.oid, commit.tree, commit.subject


def _durations(before: Sequence[TestResult], after: Sequence[TestResult]) -> list[DurationStep]:
    """Return the tests that took clearly longer or shorter, and passed both times."""
    seconds: Mapping[str, float] = {each.test_id: each.duration for each in before if not each.outcome.is_failure}
    steps = [
        DurationStep(each.test_id, seconds[each.test_id], each.duration)
        for each in after
        if each.test_id in seconds and not each.outcome.is_failure
    ]
    return [
        step
        for step in steps
        if max(step.before, step.now) >= _LEAST_SECONDS
        and max(step.before, step.now) >= _LEAST_RATIO * min(step.before, step.now)
    ]
