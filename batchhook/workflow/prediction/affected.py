"""The tests that changes can affect, as the map of the code that each test runs had it when they were new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from batchhook.core.commit import Commit
from batchhook.core.impact.code_map import Sureness
from batchhook.store import code_map, prediction
from batchhook.workflow.context.project import Project
from batchhook.workflow.impact.affected import TreeComparison


def affected_by_changes(
    project: Project, fingerprint: Mapping[str, object], changes: Sequence[Commit]
) -> dict[str, frozenset[str]]:
    """Return the tests that changes can affect, by change; empty without a map.

    Args:
        project: the repository.
        fingerprint: of the suite.
        changes: each is compared with the state before it.
    """
    known = code_map.load(project.database, fingerprint)
    if not known.records:
        return {}
    comparison = TreeComparison(project, known)
    return {
        change.oid: frozenset(
            each.test_id
            for each in comparison.affected_by_change(change.base_tree, change.tree)
            if each.sureness is not Sureness.POSSIBLE
        )
        for change in changes
    }


def store_affected(project: Project, fingerprint: Mapping[str, object], changes: Sequence[Commit]) -> None:
    """Store the tests that changes can affect, before their run changes the map."""
    affected = affected_by_changes(project, fingerprint, changes)
    if affected:
        prediction.add_affected(project.state, affected)
