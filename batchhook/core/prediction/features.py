"""Features of a change, and of a change and a test: from what was known before the change ran, and nothing later."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log1p

from batchhook.core.prediction.history import AffectedTests, ChangeFacts, TestedBatch
from batchhook.core.prediction.words import file_of_test, is_file_of, is_test_file, words_in

CHANGE_FEATURES = (
    "lines changed",
    "files touched",
    "code touched",
    "merge",
    "its files broke tests before",
    "share of its files' changes that broke tests",
    "hours since the last change",
    "changes since its files were touched",
    "recent changes broke tests",
    "tests that fail already",
    "tests it can affect",
    "no map of its code",
)
"""Of a change, in the order of their values."""
TEST_FEATURES = (
    "the change can affect it",
    "the change can affect few others",
    "its file was touched",
    "named like a touched file",
    "named in the subject",
    "broken by these files before",
    "often broken by these files",
    "often changed with these files",
    "fails already",
    "broken recently",
    "broken often",
    "flaky",
    "new",
    "slow",
)
"""Of a change and a test; those of the change follow."""

_RECENT = 20
"""Changes that count as recent."""
_DECAY = 25.0
"""Changes after which a break counts for 1/e."""
_DOUBT = 2.0
"""Changes added to those of a file, so that its first one is no certainty."""
_MANY_FILES = 40
"""Files of a change that are related to tests; those of a larger one tell nothing."""


@dataclass(slots=True)
class _TestRecord:
    """Record of one test."""

    runs: int = 0
    breaks: int = 0
    flakes: int = 0
    failures: int = 0
    last_break: int = -1
    last_failure: int = -1
    is_failing: bool = False
    seconds: float = 0.0


@dataclass(slots=True)
class _FileRecord:
    """Record of one file: changes that touched it, and those of them that broke a test."""

    touches: int = 0
    breaking: int = 0
    last_touch: int = -1
    broken_tests: Counter[str] = field(default_factory=Counter)
    with_files: Counter[str] = field(default_factory=Counter)


_NO_TEST, _NO_FILE = _TestRecord(), _FileRecord()


@dataclass(frozen=True, slots=True)
class ChangeContext:
    """A change as it relates to the history before it.

    Attributes:
        values: those of ``CHANGE_FEATURES``.
        affected: the tests that it can affect; None if unknown.
        broken_tests: how often changes to its files broke a test.
        break_shares: of all changes to one of its files, the share that broke a test; the highest of its files.
        changed_with: the same for test files that were changed with its files.
        path_words: the words of each file's name.
    """

    change: ChangeFacts
    values: tuple[float, ...]
    affected: frozenset[str] | None
    broken_tests: Mapping[str, int]
    break_shares: Mapping[str, float]
    changed_with: Mapping[str, float]
    path_words: Sequence[frozenset[str]]
    subject_words: frozenset[str]


class HistoryRecord:
    """All that is known of tests and files after some batches.

    Batches are added in order; features of the next batch are computed before it is added.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._tests: defaultdict[str, _TestRecord] = defaultdict(_TestRecord)
        self._files: defaultdict[str, _FileRecord] = defaultdict(_FileRecord)
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._failing = 0
        self._last_change_at = 0

    @property
    def tests(self) -> frozenset[str]:
        """Return all tests that have run."""
        return frozenset(self._tests)

    def add(self, batch: TestedBatch) -> None:
        """Add a batch: what its changes touched, what ran, and what broke."""
        for change in batch.changes:
            self._add_change(change, batch.broken_by(change.oid))
        for test, seconds in batch.seconds.items():
            record = self._tests[test]
            record.runs += 1
            record.seconds = seconds
            record.is_failing = test in batch.failing
        for test in batch.failing:
            record = self._tests[test]
            record.failures += 1
            record.last_failure = self.changes
            record.flakes += test in batch.flaky
        for test in batch.broken:
            record = self._tests[test]
            record.breaks += 1
            record.last_break = self.changes
        self._failing = len(batch.failing - batch.flaky)

    def _add_change(self, change: ChangeFacts, broken: frozenset[str]) -> None:
        self.changes += 1
        self._recent.append(bool(broken))
        self._last_change_at = change.committed_at
        paths = list(change.lines)[:_MANY_FILES]
        stems = [path.rpartition(".")[0] or path for path in paths if is_test_file(path)]
        for path in paths:
            record = self._files[path]
            record.touches += 1
            record.last_touch = self.changes
            record.breaking += bool(broken)
            record.broken_tests.update(broken)
            record.with_files.update(stems)

    def failures_of(self, test: str) -> tuple[int, int]:
        """Return how often a test has failed, and the number of changes since; -1 if it never did."""
        record = self._tests.get(test, _NO_TEST)
        return record.failures, self.changes - record.last_failure if record.last_failure >= 0 else -1

    def breaking_of(self, path: str) -> tuple[int, int]:
        """Return how many changes to a file broke a test, and how many there were."""
        record = self._files.get(path, _NO_FILE)
        return record.breaking, record.touches

    def duration_of(self, test: str) -> float:
        """Return the seconds that a test took last; 0 if it never ran."""
        return self._tests.get(test, _NO_TEST).seconds

    # --- features ---------------------------------------------------------------------------------------------------

    def context(self, change: ChangeFacts, affected: AffectedTests) -> ChangeContext:
        """Return a change as it relates to the history so far."""
        paths = list(change.lines)[:_MANY_FILES]
        records = [self._files.get(path, _NO_FILE) for path in paths]
        broken_tests: Counter[str] = Counter()
        break_shares: dict[str, float] = {}
        changed_with: dict[str, float] = {}
        for record in records:
            broken_tests.update(record.broken_tests)
            for test, times in record.broken_tests.items():
                break_shares[test] = max(break_shares.get(test, 0.0), times / (record.touches + _DOUBT))
            for stem, times in record.with_files.items():
                changed_with[stem] = max(changed_with.get(stem, 0.0), times / (record.touches + _DOUBT))
        return ChangeContext(
            change=change,
            values=self._change_values(change, records, affected.get(change.oid)),
            affected=affected.get(change.oid),
            broken_tests=broken_tests,
            break_shares=break_shares,
            changed_with=changed_with,
            path_words=[words for path in paths if (words := words_in(path.rpartition("/")[2]))],
            subject_words=words_in(change.subject),
        )

    def _change_values(
        self, change: ChangeFacts, records: Sequence[_FileRecord], affected: frozenset[str] | None
    ) -> tuple[float, ...]:
        code = sum(lines for path, lines in change.lines.items() if path.endswith(".py") and not is_test_file(path))
        hours = max(0.0, (change.committed_at - self._last_change_at) / 3600) if self.changes else 0.0
        since = min((self.changes - record.last_touch for record in records if record.last_touch >= 0), default=200)
        return (
            log1p(sum(change.lines.values())),
            log1p(len(change.lines)),
            log1p(code),
            float(change.is_merge),
            log1p(sum(record.breaking for record in records)),
            max((record.breaking / (record.touches + _DOUBT) for record in records), default=0.0),
            log1p(min(hours, 1000.0)),
            log1p(since),
            sum(self._recent) / _RECENT,
            log1p(self._failing),
            log1p(len(affected)) if affected is not None else 0.0,
            float(affected is None),
        )

    def test_values(self, context: ChangeContext, test: str) -> tuple[float, ...]:
        """Return the values of ``TEST_FEATURES`` and ``CHANGE_FEATURES`` for a change and a test."""
        record, test_file = self._tests.get(test, _NO_TEST), file_of_test(test)
        test_words = words_in(test)
        is_affected = context.affected is not None and test in context.affected
        likeness = max((len(words & test_words) / len(words) for words in context.path_words), default=0.0)
        since = self.changes - record.last_break
        return (
            float(is_affected),
            1.0 / (1.0 + log1p(len(context.affected))) if is_affected and context.affected else 0.0,
            float(any(is_file_of(path, test_file) for path in context.change.lines)),
            likeness,
            min(3.0, len(context.subject_words & test_words)),
            log1p(context.broken_tests.get(test, 0)),
            context.break_shares.get(test, 0.0),
            context.changed_with.get(test_file, 0.0),
            float(record.is_failing),
            exp(-since / _DECAY) if record.last_break >= 0 else 0.0,
            log1p(record.breaks),
            log1p(record.flakes),
            float(record.runs == 0),
            log1p(1000 * record.seconds),
            *context.values,
        )
