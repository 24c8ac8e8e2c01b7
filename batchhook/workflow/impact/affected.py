"""The tests that the difference between two trees can affect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from batchhook.core.impact.code_map import (
    AffectedTest,
    CodeMap,
    Sureness,
    TreeChanges,
    find_affected,
    sort_by_weight,
)
from batchhook.core.impact.tree_changes import FileDifference, compare_trees
from batchhook.errors import GitError
from batchhook.git import trees
from batchhook.workflow.context.project import Project
from batchhook.workflow.impact.sources import SourceFiles

MAX_TREES = 30
"""Trees of records that are compared; tests whose record is of another tree count as unknown."""
STALE_REASON = "has changed since its code was recorded"


@dataclass(slots=True)
class TreeComparison:
    """Comparisons of trees, in the terms of a map.

    Attributes:
        project: the repository.
        code_map: of the suite.
    """

    project: Project
    code_map: CodeMap
    _sources: dict[str, SourceFiles] = field(default_factory=dict)
    _changes: dict[tuple[str, str], TreeChanges | None] = field(default_factory=dict)

    def tests_by_tree(self, tests: Iterable[str]) -> dict[str, list[str]]:
        """Return those tests that have a record, by the tree of their records; the largest groups first."""
        groups: dict[str, list[str]] = {}
        for test in tests:
            if test in self.code_map.records:
                groups.setdefault(self.code_map.records[test].tree, []).append(test)
        return dict(sorted(groups.items(), key=lambda group: -len(group[1])))

    def compare(self, old: str, new: str) -> TreeChanges | None:
        """Return what differs between two trees; None if one of them does not exist any more."""
        if (old, new) not in self._changes:
            self._changes[old, new] = self._compare(old, new)
        return self._changes[old, new]

    def _compare(self, old: str, new: str) -> TreeChanges | None:
        if old == new:
            return TreeChanges()
        try:
            blobs = trees.diff_blobs(self.project.git, old or trees.empty_tree(self.project.git), new)
        except GitError:
            return None
        python = [path for path in blobs if path.endswith(".py")]
        before, after = self._sources_of(old), self._sources_of(new)
        old_codes, new_codes = before.parse(python) if old else {}, after.parse(python)
        created = [path for path in python if not all(blobs[path])]
        mentions = before.find_mentions(map(_module_word, created)) if created and old else {}
        return compare_trees(
            [
                FileDifference(
                    path,
                    is_new=not old_blob,
                    is_deleted=not new_blob,
                    old=old_codes.get(path),
                    new=new_codes.get(path),
                    mentions=mentions.get(_module_word(path), frozenset()) if path in created else frozenset(),
                )
                for path, (old_blob, new_blob) in blobs.items()
            ],
            self.code_map.numbers,
        )

    def _sources_of(self, tree: str) -> SourceFiles:
        if tree not in self._sources:
            roots = self.project.settings.source_roots
            self._sources[tree] = SourceFiles(self.project.git, self.project.database, tree, roots)
        return self._sources[tree]

    def affected_since_record(self, tests: Iterable[str], tree: str) -> list[AffectedTest]:
        """Return the tests whose outcome on a tree may differ from that of their record, the most telling first.

        Tests without a record are left out.
        """
        affected: list[AffectedTest] = []
        for number, (old, group) in enumerate(self.tests_by_tree(tests).items()):
            changes = self.compare(old, tree) if number < MAX_TREES else None
            if changes is None:
                affected += [AffectedTest(test, Sureness.POSSIBLE, reason=STALE_REASON) for test in group]
            else:
                affected += find_affected(self.code_map, group, changes)
        return sort_by_weight(affected)

    def affected_by_change(self, old: str, new: str) -> list[AffectedTest]:
        """Return the tests that the difference between two trees can affect, the most telling first.

        A test that has changed before, since its code was recorded, may run other code by now.
        """
        changes = self.compare(old, new)
        if changes is None or changes.is_empty:
            return []
        affected = {each.test_id: each for each in find_affected(self.code_map, self.code_map.records, changes)}
        stale = self.affected_since_record(self.code_map.records, old)
        if changes.has_code:
            for each in stale:
                reason = each.reason or STALE_REASON
                affected.setdefault(each.test_id, AffectedTest(each.test_id, Sureness.POSSIBLE, reason=reason))
        return sort_by_weight(affected.values())


def _module_word(path: str) -> str:
    """Return the name of a module, without its packages."""
    file = PurePosixPath(path)
    return file.parent.name if file.name == "__init__.py" else file.stem
