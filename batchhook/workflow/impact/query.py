"""Answer which tests a commit, the index, or the work tree can affect."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from batchhook.core.impact.code_map import AffectedTest, CodeMap, Sureness, TreeChanges, sort_by_weight
from batchhook.core.impact.source_code import TOP_LEVEL
from batchhook.core.settings import Isolation
from batchhook.core.test_ids import is_test_file
from batchhook.errors import BatchhookError, UsageError
from batchhook.git import history
from batchhook.git.snapshot import capture_files
from batchhook.git.untracked import find_omissions
from batchhook.store import code_map, test_stats
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import resolve_revision
from batchhook.workflow.impact.affected import TreeComparison
from batchhook.workflow.suite.fingerprint import find_suite

NEW_REASON = "is new"


class ChangeSource(Enum):
    """The change whose tests are asked for."""

    COMMIT = "commit"
    STAGED = "staged"
    WORKTREE = "worktree"


def change_source(revision: str, *, staged: bool, worktree: bool) -> ChangeSource:
    """Return the source of the change that was asked for.

    Raises:
        UsageError: there is more than one.
    """
    if staged and worktree:
        raise UsageError("--staged and --worktree are mutually exclusive", "choose one of them")
    if revision != "HEAD" and (staged or worktree):
        raise UsageError("a commit and uncommitted changes are mutually exclusive", "leave the commit out")
    return ChangeSource.STAGED if staged else ChangeSource.WORKTREE if worktree else ChangeSource.COMMIT


@dataclass(frozen=True, slots=True)
class AffectedAnswer:
    """The tests that a change can affect.

    Attributes:
        subject: the change, as a phrase.
        tests: the most telling first. A new module of tests stands for its tests, which no run has collected yet.
        total: number of all tests that are known.
        seconds: duration of the affected tests, by their last runs.
        total_seconds: that of all tests.
        durations: seconds that each affected test takes, where that is known.
        selection: what to run for them: ids, and files with tests that may be new.
    """

    subject: str
    tests: Sequence[AffectedTest]
    total: int
    seconds: float
    total_seconds: float
    durations: dict[str, float]
    selection: tuple[str, ...]


def query_affected(project: Project, source: ChangeSource, revision: str = "HEAD") -> AffectedAnswer:
    """Return the tests that a change can affect.

    Args:
        project: the repository.
        source: of the change.
        revision: of a commit, which is compared with its first parent; or a range ``A..B``.

    Raises:
        BatchhookError: there is no such commit, or no run has recorded the code of the tests.
        SuiteError: there is no suite.
    """
    subject, old, new = _trees(project, source, revision)
    known = _load_map(project)
    if not known.records:
        raise BatchhookError(
            "no run has recorded yet which code each test runs",
            "the next full batch does; to do it now: BATCHHOOK_CODE_MAP=always batchhook test --fresh",
        )
    comparison = TreeComparison(project, known)
    return answer(project, known, subject, comparison.affected_by_change(old, new), comparison.compare(old, new))


def _load_map(project: Project) -> CodeMap:
    """Return the map of the suite; in place, that of the same suite in a private work tree if it has none."""
    known = code_map.load(project.database, find_suite(project, os.environ).fingerprint)
    if known.records or project.settings.isolation is Isolation.WORKTREE:
        return known
    return code_map.load(project.database, find_suite(project.with_worktrees(), os.environ).fingerprint)


def answer(
    project: Project, known: CodeMap, subject: str, affected: Sequence[AffectedTest], changes: TreeChanges | None
) -> AffectedAnswer:
    """Return affected tests with their durations, and what to run for them.

    Args:
        project: the repository.
        known: the map.
        subject: the change, as a phrase.
        affected: its tests.
        changes: that it makes; None if that is unknown.
    """
    durations = test_stats.load(project.database).durations
    files = _test_files(known, changes)
    new = [AffectedTest(path, Sureness.RUNS, reason=NEW_REASON, weight=1.0) for path, is_new in files.items() if is_new]
    tests = sort_by_weight([*affected, *new])
    return AffectedAnswer(
        subject,
        tests,
        len(known.records),
        sum(durations.get(each.test_id, 0.0) for each in tests),
        sum(durations.get(test, 0.0) for test in known.records),
        {each.test_id: durations[each.test_id] for each in tests if each.test_id in durations},
        (*(each.test_id for each in affected), *files),
    )


def _test_files(known: CodeMap, changes: TreeChanges | None) -> dict[str, bool]:
    """Return the files that may have new tests, and whether they are new themselves."""
    parts = changes.parts if changes is not None else ()
    return {
        part.path: part not in known.numbers
        for part in sorted(parts)
        if part.name == TOP_LEVEL and is_test_file(part.path) and not (changes and part.path in changes.deleted)
    }


def _trees(project: Project, source: ChangeSource, revision: str) -> tuple[str, str, str]:
    """Return a phrase for a change, and the trees before and after it."""
    git = project.git
    if source is ChangeSource.COMMIT:
        first, separator, last = revision.partition("..")
        if separator:
            ends = [resolve_revision(project, each or "HEAD") for each in (first, last)]
            old, new = history.read_commits(git, ends)
            return f"{old.oid[:8]}..{new.oid[:8]}", old.tree, new.tree
        (commit,) = history.read_commits(git, [resolve_revision(project, revision)])
        return f"{commit.oid[:8]} {commit.subject}", commit.base_tree, commit.tree
    head = resolve_revision(project, "HEAD")
    tree = git.text("rev-parse", f"{head}^{{tree}}")
    if source is ChangeSource.STAGED:
        return "what is staged", tree, git.text("write-tree")
    omissions = find_omissions(git, project.settings.snapshot_limit_bytes)
    return "your uncommitted changes", tree, capture_files(git, project.location, "batchhook-index-affected", omissions)
