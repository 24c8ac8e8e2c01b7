"""Results of tests, and of runs of a suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from batchhook.core.coverage.model import SuiteCoverage
from batchhook.core.plural import plural
from batchhook.errors import BatchhookError, NoTestsError


class Outcome(str, Enum):
    """Outcome of one test in one run: unittest's terms, one of pytest's, two for tests that took their process down."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"
    EXPECTED_FAILURE = "expected failure"
    UNEXPECTED_SUCCESS = "unexpected success"
    XPASSED = "xpassed"
    """pytest: passed although a failure was expected, which is no failure unless the mark is strict."""

    CRASHED = "crashed"
    TIMED_OUT = "timed out"

    @property
    def is_failure(self) -> bool:
        """Return whether a run with this outcome fails, as its framework defines it."""
        return self in FAILURES

    @property
    def has_run(self) -> bool:
        """Return whether the test body ran; skipped tests are left out of failure rates."""
        return self is not Outcome.SKIPPED


class IsolationLevel(str, Enum):
    """Other tests that ran alongside a test, or before it in its process."""

    PARALLEL = "parallel"
    """Tests of other classes ran at the same time, and earlier in its process."""

    CLASS = "class"
    """No test ran at the same time; only earlier tests of its class ran in its process."""

    SUITE = "suite"
    """No test ran at the same time; all earlier tests of the suite ran in its process, as in the framework."""


FAILURES = frozenset(
    {Outcome.FAILED, Outcome.ERRORED, Outcome.UNEXPECTED_SUCCESS, Outcome.CRASHED, Outcome.TIMED_OUT},
)


@dataclass(frozen=True, slots=True)
class TestResult:
    """Result of one test in one run.

    A failing fixture of unittest's (``setUpModule``, ``setUpClass`` and their counterparts) and a module that cannot be
    imported are results too, under the id that the framework gives them.

    Attributes:
        test_id: ``TestCase.id()``, such as ``pkg.test_x.TestX.test_y``, or pytest's node id.
        module: module that defines the test's class, or the file of a node id; reports group by it.
        duration: seconds.
        error_type: class name of the exception; empty if nothing was raised.
        message: text of the exception, or the reason of a skip; bounded.
        location: ``path:line`` of the innermost frame inside the checkout, relative to its root.
        traceback: as the framework prints it; bounded.
        subtests_failed: number of failed subtests; the traceback holds the first few.
        isolation: isolation level of the run that decided the outcome.
        first_outcome: outcome before a rerun at another isolation level changed it.
        note: what batchhook found out about the cause, in one sentence.
    """

    __test__ = False  # keep pytest from collecting it

    test_id: str
    module: str
    outcome: Outcome
    duration: float = 0.0
    error_type: str = ""
    message: str = ""
    location: str = ""
    traceback: str = ""
    subtests_failed: int = 0
    isolation: IsolationLevel = IsolationLevel.SUITE
    first_outcome: Outcome | None = None
    note: str = ""

    @property
    def is_parallel_only(self) -> bool:
        """Return whether it failed in parallel but passed after the tests that the framework runs before it."""
        return self.first_outcome is not None and self.first_outcome.is_failure and not self.outcome.is_failure


@dataclass(frozen=True, slots=True)
class Totals:
    """Number of tests by outcome.

    Attributes:
        tests: all tests, including skipped ones.
        passed: passed, and expected failures.
        failed: failed, and unexpected successes.
        errored: errored, crashed and timed out.
        duration: wall-clock seconds of the run; for a subset of its tests, the sum of their durations.
        not_run: further tests that batchhook sees in the project, and that the test framework does not run.
        deselected: further tests that the project's own options leave out, such as ``-m "not slow"``.
    """

    tests: int = 0
    passed: int = 0
    failed: int = 0
    errored: int = 0
    skipped: int = 0
    duration: float = 0.0
    not_run: int = 0
    deselected: int = 0

    @property
    def failures(self) -> int:
        """Number of tests that failed or errored."""
        return self.failed + self.errored

    @property
    def failure_rate(self) -> float:
        """Share of failures among the tests *that ran*, 0 to 1; 0 if none ran."""
        ran = self.tests - self.skipped
        return self.failures / ran if ran else 0.0


_TOTALS_FIELD = {
    Outcome.PASSED: "passed",
    Outcome.EXPECTED_FAILURE: "passed",
    Outcome.XPASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.UNEXPECTED_SUCCESS: "failed",
    Outcome.ERRORED: "errored",
    Outcome.CRASHED: "errored",
    Outcome.TIMED_OUT: "errored",
    Outcome.SKIPPED: "skipped",
}


def count_results(results: Iterable[TestResult], duration: float | None = None) -> Totals:
    """Count results by outcome.

    Args:
        results: one per test.
        duration: wall-clock seconds of the run; default: the sum of the tests' durations.
    """
    counts: dict[Outcome, int] = {}
    seconds = 0.0
    for result in results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
        seconds += result.duration
    return totals_from_counts(counts, seconds if duration is None else duration)


def totals_from_counts(counts: Mapping[Outcome, int], duration: float) -> Totals:
    """Return the totals for a number of tests per outcome."""
    totals = dict.fromkeys(("passed", "failed", "errored", "skipped"), 0)
    for outcome, tests in counts.items():
        totals[_TOTALS_FIELD[outcome]] += tests
    return Totals(tests=sum(counts.values()), duration=duration, **totals)


def totals_by_module(results: Iterable[TestResult]) -> Mapping[str, Totals]:
    """Count results per module; modules with the most failures first, then by name."""
    results_of: dict[str, list[TestResult]] = {}
    for result in results:
        results_of.setdefault(result.module, []).append(result)
    totals = {module: count_results(group) for module, group in results_of.items()}
    return dict(sorted(totals.items(), key=lambda item: (-item[1].failures, item[0])))


@dataclass(frozen=True, slots=True)
class UnrunTests:
    """Tests of the project that its test framework does not run.

    Attributes:
        tests: their number, as the source shows it.
        files: the number of files that they are in.
        examples: the first of these files.
    """

    tests: int
    files: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        """Return ``14 pytest-style tests in 3 files``."""
        return f"{plural(self.tests, 'pytest-style test')} in {plural(self.files, 'file')}"

    @property
    def were_not_run(self) -> str:
        """Say of a run that they were not run."""
        return f"{self} {'was' if self.tests == 1 else 'were'} not run"

    @property
    def are_not_run(self) -> str:
        """Say of a project that they are not run."""
        return f"{self} {'is' if self.tests == 1 else 'are'} not run by unittest"


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """Result of running a suite, or some of its tests.

    Attributes:
        results: one per test, in the order of the suite; empty if the suite could not run.
        duration: wall-clock seconds, from start to end.
        broken_reason: why the suite could not run, or its results cannot be trusted; empty if it ran.
        hint: what to do about that, or about tests that are not run.
        has_no_tests: whether it is broken because there are no tests.
        unrun: tests that the test framework does not run; None if there are none, or none were looked for.
        deselected: number of tests that the project's own options leave out.
        is_complete: whether every test of the suite had its turn; False if only some were requested, or the first
            failure stopped the run.
        absent: requested tests of another tree that this one does not have, each with the ids of tests here that may
            be the same test under a new name.
        untestable: requested tests whose module cannot be imported here, so that they may or may not exist.
        known_ids: ids of all tests of this tree; only set if tests of another tree were requested.
        coverage: lines that a new run has covered; None if it was not measured, or comes from the database.
    """

    results: tuple[TestResult, ...] = ()
    duration: float = 0.0
    broken_reason: str = ""
    hint: str = ""
    is_complete: bool = True
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    untestable: tuple[str, ...] = ()
    known_ids: frozenset[str] = frozenset()
    has_no_tests: bool = False
    unrun: UnrunTests | None = None
    deselected: int = 0
    coverage: SuiteCoverage | None = None
    totals: Totals = field(init=False)

    def __post_init__(self) -> None:
        totals = count_results(self.results, self.duration)
        not_run = self.unrun.tests if self.unrun else 0
        totals = replace(totals, not_run=not_run, deselected=self.deselected)
        object.__setattr__(self, "totals", totals)

    @property
    def ran_in_parallel(self) -> bool:
        """Return whether tests ran in parallel, so that failures were rerun alone."""
        return any(result.isolation is IsolationLevel.PARALLEL for result in self.results)


def broken_result(error: BatchhookError, duration: float = 0.0) -> SuiteResult:
    """Return the result of a suite that could not run.

    Args:
        error: what kept it from running.
        duration: wall-clock seconds until then.
    """
    return SuiteResult(
        duration=duration,
        broken_reason=error.message,
        hint=error.hint,
        is_complete=False,
        has_no_tests=isinstance(error, NoTestsError),
    )


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a suite, as stored.

    Attributes:
        tree: hex object name of the tested tree.
        suite: everything besides the tree that decides outcomes (interpreter, installed distributions, discovery).
        started_at: seconds since the epoch.
        id: 0 until it is stored.
        is_probe: whether a culprit search ran some tests on an older revision.
    """

    tree: str
    suite: Mapping[str, object]
    started_at: float
    result: SuiteResult
    id: int = 0
    is_probe: bool = False
