"""Coverage of a run, compared with what changes touched, and with an earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from batchhook.core.commit import Commit
from batchhook.core.coverage.diff_coverage import CoverageReport, DiffCoverage, compare_lines
from batchhook.core.coverage.line_owners import TreeStep, trace_lines
from batchhook.core.coverage.model import SuiteCoverage
from batchhook.errors import GitError
from batchhook.git.command import Git
from batchhook.git.line_changes import read_differences
from batchhook.store import coverage as stored
from batchhook.store.database import Database


def load_report(
    database: Database, git: Git, run: int, changes: Sequence[Commit] = (), tree: str = ""
) -> CoverageReport | None:
    """Return the coverage of a stored run; None if it was not to be measured.

    Args:
        database: of the repository.
        git: in the repository.
        run: its number.
        changes: those under test, oldest first; empty if they are not known.
        tree: that was tested.
    """
    coverage = stored.load(database, run)
    return None if coverage is None else make_report(git, coverage, changes, tree)


def make_report(git: Git, coverage: SuiteCoverage, changes: Sequence[Commit] = (), tree: str = "") -> CoverageReport:
    """Return the coverage of a run; arguments as for ``load_report``."""
    diff = _compare(git, coverage, changes, tree) if changes and coverage.files else None
    return CoverageReport(coverage.totals, coverage.remark, diff)


def _compare(git: Git, coverage: SuiteCoverage, changes: Sequence[Commit], tree: str) -> DiffCoverage | None:
    steps = list(_steps(changes, tree))
    suffixes = {PurePosixPath(file.path).suffix for file in coverage.files}
    try:
        differences = read_differences(git, [(old, new) for _, old, new in steps], suffixes)
    except GitError:  # git has removed a tree
        return None
    owners = trace_lines(TreeStep(owner, files) for (owner, _, _), files in zip(steps, differences, strict=True))
    return compare_lines(coverage, owners, [change.oid for change in changes])


def _steps(changes: Sequence[Commit], tree: str) -> Iterator[tuple[str, str, str]]:
    """Yield the owner, the old and the new tree of each step from the first change to the tree that was tested.

    Between two changes there may be commits that do not count, and after the last one uncommitted files.
    """
    current = changes[0].base_tree
    for change in changes:
        if change.base_tree != current:
            yield "", current, change.base_tree
        yield change.oid, change.base_tree, change.tree
        current = change.tree
    if tree and tree != current:
        yield "", current, tree
