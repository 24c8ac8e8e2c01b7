"""What one test did in one run, and what a whole run came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum


class Outcome(str, Enum):
    """What one test did in one run: unittest's words, and two for tests that took their process with them."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"
    EXPECTED_FAILURE = "expected failure"
    UNEXPECTED_SUCCESS = "unexpected success"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"

    @property
    def is_failure(self) -> bool:
        """Whether a run with this outcome in it has failed, as unittest's ``wasSuccessful`` sees it."""
        return self in FAILURES

    @property
    def ran(self) -> bool:
        """Whether the test's body was run: a skipped test counts in no failure rate."""
        return self is not Outcome.SKIPPED


class Company(str, Enum):
    """What else ran when a test's result was seen."""

    STRANGERS = "strangers"
    """Others side by side with it, and some before it in its process."""

    CLASS = "class"
    """Nothing beside it; in its process the tests of its class that come before it."""

    SUITE = "suite"
    """Nothing beside it; in its process everything that comes before it: as unittest does."""


FAILURES = frozenset(
    {Outcome.FAILED, Outcome.ERRORED, Outcome.UNEXPECTED_SUCCESS, Outcome.CRASHED, Outcome.TIMED_OUT},
)


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test's part in one run.

    A fixture that fails (``setUpModule``, ``setUpClass`` and their tear-downs) and a module that cannot be imported
    are results too, under the id that unittest gives them.

    Attributes:
        test_id: ``TestCase.id()``, for instance ``pkg.test_x.TestX.test_y``.
        module: the module that the test's class was defined in; what reports group by.
        duration: seconds.
        error_type: the exception's class name; empty where nothing was raised.
        message: the exception's text, or the reason of a skip; bounded.
        location: ``path:line`` relative to the checkout's root, of the innermost frame in a file of the checkout.
        traceback: as unittest prints it; bounded.
        subtests_failed: how many subtests of this one test failed. The texts of the first few stand in traceback.
        seen_in: the company in which it was seen to end so; of several, the one that says most.
        first_outcome: how it ended in other company first, where it was run again because of that and ended otherwise.
        note: what batchhook found out about the cause, in a sentence; empty for nothing.
    """

    __test__ = False  # not one of pytest's own

    test_id: str
    module: str
    outcome: Outcome
    duration: float = 0.0
    error_type: str = ""
    message: str = ""
    location: str = ""
    traceback: str = ""
    subtests_failed: int = 0
    seen_in: Company = Company.SUITE
    first_outcome: Outcome | None = None
    note: str = ""

    @property
    def needs_company(self) -> bool:
        """Whether it failed, and did not in the company of those that unittest runs before it."""
        return self.first_outcome is not None and self.first_outcome.is_failure and not self.outcome.is_failure


@dataclass(frozen=True, slots=True)
class Totals:
    """How many tests ended how.

    Attributes:
        tests: all of them, skipped ones included.
        failed: failed, and unexpected successes.
        errored: errored, crashed and timed out.
        duration: seconds of the wall clock, or the sum of the tests' own where only some are counted.
    """

    tests: int = 0
    passed: int = 0
    failed: int = 0
    errored: int = 0
    skipped: int = 0
    duration: float = 0.0

    @property
    def failures(self) -> int:
        """Tests that did not do what they were to do."""
        return self.failed + self.errored

    @property
    def failure_rate(self) -> float:
        """Share of the tests *that ran* which failed, 0 to 1; 0 where none ran."""
        ran = self.tests - self.skipped
        return self.failures / ran if ran else 0.0


_COLUMN = {
    Outcome.PASSED: "passed",
    Outcome.EXPECTED_FAILURE: "passed",
    Outcome.FAILED: "failed",
    Outcome.UNEXPECTED_SUCCESS: "failed",
    Outcome.ERRORED: "errored",
    Outcome.CRASHED: "errored",
    Outcome.TIMED_OUT: "errored",
    Outcome.SKIPPED: "skipped",
}


def count(results: Iterable[TestResult], duration: float | None = None) -> Totals:
    """Add results up.

    Args:
        results: one per test.
        duration: seconds of the whole; without it, the sum of the tests' own.
    """
    counts: dict[Outcome, int] = {}
    seconds = 0.0
    for result in results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
        seconds += result.duration
    return add_up(counts, seconds if duration is None else duration)


def add_up(counts: Mapping[Outcome, int], duration: float) -> Totals:
    """The totals of so many tests for each outcome."""
    columns = dict.fromkeys(("passed", "failed", "errored", "skipped"), 0)
    for outcome, tests in counts.items():
        columns[_COLUMN[outcome]] += tests
    return Totals(tests=sum(counts.values()), duration=duration, **columns)


def by_module(results: Iterable[TestResult]) -> Mapping[str, Totals]:
    """The same per module, the one with most failures first, then by name."""
    groups: dict[str, list[TestResult]] = {}
    for result in results:
        groups.setdefault(result.module, []).append(result)
    totals = {module: count(members) for module, members in groups.items()}
    return dict(sorted(totals.items(), key=lambda item: (-item[1].failures, item[0])))


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """What a run of a suite came to.

    Attributes:
        results: one per test, in the order in which they ended; empty where the suite could not run.
        duration: seconds of the wall clock, from start to end.
        broken: why the suite could not be run or cannot be believed; empty where it ran.
        hint: what to do about it.
        complete: whether every test of the suite had its turn: not where only some were asked for, or the first
            failure ended the run.
        absent: of the tests that were asked for because another tree has them, those that do not exist in this one;
            for each the ids of tests here that may be the same one under another name.
        untestable: of these, those whose module cannot be imported here, so that nobody knows.
        names: where tests of another tree were asked for, the ids of all that there are in this one.
    """

    results: tuple[TestResult, ...] = ()
    duration: float = 0.0
    broken: str = ""
    hint: str = ""
    complete: bool = True
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    untestable: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    totals: Totals = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "totals", count(self.results, self.duration))

    @property
    def side_by_side(self) -> bool:
        """Whether tests ran beside each other, so that what failed was looked at again."""
        return any(result.seen_in is Company.STRANGERS for result in self.results)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a suite, as stored.

    Attributes:
        tree: name of the tree that was tested.
        suite: what else decides the outcome (interpreter, installed distributions, discovery).
        started_at: seconds since the epoch.
        id: 0 where it is not stored yet.
        is_visit: whether a search made it, of some tests in a state that may be long gone.
    """

    tree: str
    suite: Mapping[str, object]
    started_at: float
    outcome: SuiteOutcome
    id: int = 0
    is_visit: bool = False
