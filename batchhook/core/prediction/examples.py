"""Examples to learn from: a row of features for each change, and for changes with some of the tests that ran."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from batchhook.core.prediction.features import ChangeContext, HistoryRecord
from batchhook.core.prediction.history import AffectedTests, TestedBatch

MAX_AFFECTED = 60
"""Affected tests of one change that are taken."""
MAX_OTHERS = 30
"""Other tests of one change that are taken; each stands for several."""

Row = tuple[float, ...]


@dataclass(slots=True)
class Examples:
    """Rows of features, each with its label and with the number of cases that it stands for; oldest first."""

    rows: list[Row] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, row: Row, label: bool, weight: float = 1.0) -> None:  # noqa: FBT001 - a value, not a switch
        """Add an example."""
        self.rows.append(row)
        self.labels.append(label)
        self.weights.append(weight)

    @property
    def positives(self) -> int:
        """Return the number of examples in which something broke."""
        return sum(self.labels)


@dataclass(slots=True)
class TrainingSet:
    """Examples of changes, and of changes with tests."""

    changes: Examples = field(default_factory=Examples)
    tests: Examples = field(default_factory=Examples)

    def add(self, record: HistoryRecord, batch: TestedBatch, affected: AffectedTests) -> None:
        """Add the examples of a batch that the record does not hold yet."""
        unclear = bool(batch.unclear)
        for change in batch.changes:
            context = record.context(change, affected)
            broken = batch.broken_by(change.oid) & batch.seconds.keys()
            if broken or not unclear:
                self.changes.add(context.values, bool(broken))
            self._add_tests(record, batch, context, broken)

    def _add_tests(
        self, record: HistoryRecord, batch: TestedBatch, context: ChangeContext, broken: frozenset[str]
    ) -> None:
        chance = random.Random(context.change.oid)  # noqa: S311 - the same sample each time
        sound = sorted(batch.seconds.keys() - broken - batch.unclear)
        near = {test for test in sound if test in (context.affected or ()) or test in context.broken_tests}
        groups = (
            (sorted(broken), len(broken)),
            (sorted(near), MAX_AFFECTED),
            ([test for test in sound if test not in near], MAX_OTHERS),
        )
        for tests, most in groups:
            sample = tests if len(tests) <= most else chance.sample(tests, most)
            for test in sample:
                self.tests.add(record.test_values(context, test), test in broken, len(tests) / len(sample))
