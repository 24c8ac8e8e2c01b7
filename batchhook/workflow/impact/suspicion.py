"""The changes of a line of revisions that can have affected a test, by the map of the code that it runs.

Never a proof: where the map is wrong, a search takes more probes, and names the same change.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from batchhook.core.impact.code_map import PROGRAM, AffectedTest, CodeMap, Sureness, TreeChanges, find_affected
from batchhook.core.settings import CodeMapMode
from batchhook.errors import BatchhookError, StoreError
from batchhook.store import code_map
from batchhook.workflow.context.project import Project
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.impact.affected import TreeComparison

MAX_REVISIONS = 60
"""Revisions of a line up to which each change is compared with the map."""
_WEIGHTS = {Sureness.RUNS: 1.0, Sureness.IMPORTS: 0.3, Sureness.POSSIBLE: 0.1}
"""Suspicion of a change by how sure it is that it affects a test; 0 for one that does not."""


@dataclass(slots=True)
class ChangeImpact:
    """The impact of each change of a line of revisions on tests.

    Attributes:
        project: the repository.
        suite: fingerprint of the suite.
        revisions: oldest first; each but the first is a change from the one before.
    """

    project: Project
    suite: Mapping[str, object]
    revisions: Sequence[Revision]
    _loaded: _Line | None = field(default=None, init=False)
    _is_loaded: bool = field(default=False, init=False)

    def weights(self, test_id: str) -> Sequence[float] | None:
        """Return for each change how suspect it is of having broken a test, 0 to 1; None if nothing is known."""
        line = self._line
        if line is None or test_id not in line.known.records:
            return None
        affected = [each.get(test_id) for each in line.affected]
        return [_WEIGHTS[each.sureness] if each is not None else 0.0 for each in affected]

    def untouched(self, test_ids: Sequence[str]) -> frozenset[int]:
        """Return the positions of the changes that touch no file which any of some tests runs, opens or imports.

        Files, since a function may have been renamed later; none is left out where a file was deleted later.
        """
        line = self._line
        if line is None or not test_ids or any(test not in line.known.records for test in test_ids):
            return frozenset()
        paths: set[str] = set()
        for test in test_ids:
            own = line.paths_of(test)
            if own is None:
                return frozenset()
            paths |= own
        return frozenset(
            position
            for position, changes in enumerate(line.changes, start=1)
            if changes is not None
            and not (changes.everything or line.is_deleted_later)
            and paths.isdisjoint(part.path for part in changes.parts)
        )

    @property
    def _line(self) -> _Line | None:
        if not self._is_loaded:
            self._is_loaded = True
            try:
                self._loaded = self._load()
            except StoreError:
                raise
            except BatchhookError:
                traceback.print_exc()  # the search goes on without
        return self._loaded

    def _load(self) -> _Line | None:
        is_off = self.project.settings.code_map is CodeMapMode.OFF
        if is_off or len(self.revisions) > MAX_REVISIONS or not all(each.tree for each in self.revisions):
            return None
        known = code_map.load(self.project.database, self.suite)
        if not known.records:
            return None
        comparison = TreeComparison(self.project, known)
        pairs = zip(self.revisions, self.revisions[1:], strict=False)
        return _Line(known, [comparison.compare(before.tree, after.tree) for before, after in pairs])


@dataclass(frozen=True)
class _Line:
    """A map, and what the changes of a line differ in; None for a change that is unknown."""

    known: CodeMap
    changes: Sequence[TreeChanges | None]

    @cached_property
    def affected(self) -> Sequence[Mapping[str, AffectedTest]]:
        """The tests that each change affects, by id."""
        return [
            {each.test_id: each for each in find_affected(self.known, self.known.records, changes)} if changes else {}
            for changes in self.changes
        ]

    @cached_property
    def is_deleted_later(self) -> bool:
        """True if a change deletes a file, which may have got another name."""
        return any(changes is None or changes.deleted for changes in self.changes)

    @cached_property
    def _parts(self) -> Mapping[int, str]:
        return {number: part.path for part, number in self.known.numbers.items()}

    def paths_of(self, test_id: str) -> frozenset[str] | None:
        """Return the files that a test depends on; None if that may be any."""
        record = self.known.records[test_id]
        program = self.known.numbers.get(PROGRAM)
        if program is not None and program in record.runs:
            return None
        return frozenset(self._parts[number] for number in (*record.runs, *record.imports))
