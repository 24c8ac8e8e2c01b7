"""``ci_test_results.json`` and ``baseline_results.json``: results by module, in the shape of ``origin.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchhook.core.results import Outcome, TestResult, count_results
from batchhook.core.sanitize import escape_surrogates
from batchhook.core.test_ids import NODE_SEPARATOR, is_fixture, is_node_id, parse_id
from batchhook.core.timestamps import iso_time
from batchhook.core.tracebacks import shorten_paths
from batchhook.report.json_models.base import Document, Time

_ERROR_TYPES = {Outcome.FAILED: "FAIL", Outcome.UNEXPECTED_SUCCESS: "UNEXPECTED SUCCESS"}


class UnittestFailure(Document):
    """A failing test under the names unittest gives it.

    ``test_class`` is the qualified class (``test_orchestration.TestOrchestrator``; of a function of pytest's, the
    file), ``error_type`` is "FAIL", "ERROR" or "UNEXPECTED SUCCESS", ``file_location`` is ``path:line``.
    """

    test_name: str
    test_class: str
    error_type: str
    message: str
    file_location: str
    module: str


class CiFailureDocument(UnittestFailure):
    """A failing test with its traceback."""

    traceback: str


class CiModuleDocument(Document):
    """A module's results; ``duration`` is the sum over its tests, in seconds."""

    total_tests: int
    passed: int
    failed: int
    skipped: int
    errors: int
    duration: float
    failures: tuple[CiFailureDocument, ...]


class CiResultsDocument(Document):
    """``ci_test_results.json``: ``timestamp`` is the start, ``total_duration`` the wall-clock seconds."""

    timestamp: Time
    overall_success: bool
    total_duration: float
    modules: dict[str, CiModuleDocument]


class BaselineTestDocument(Document):
    """A test in a baseline; ``duration`` is in seconds."""

    module: str
    outcome: Outcome
    duration: float = 0.0


class BaselineResultsDocument(CiResultsDocument):
    """``baseline_results.json``: the same, with the commit, and every test's outcome by id.

    A file without ``commit`` and ``tests`` is also accepted as a baseline; only its failures are known.
    """

    commit: str = ""
    tests: dict[str, BaselineTestDocument] | None = None


def unittest_failure(result: TestResult) -> UnittestFailure:
    """Return a failing test under the names unittest gives it."""
    test = parse_id(result.test_id, result.module)
    return UnittestFailure(
        test_name=escape_surrogates(test.name),
        test_class=escape_surrogates(test.owner),
        error_type=_ERROR_TYPES.get(result.outcome, "ERROR"),
        message=escape_surrogates(result.message or result.outcome.value),
        file_location=escape_surrogates(result.location),
        module=escape_surrogates(result.module),
    )


def ci_results_document(
    results: Iterable[TestResult], *, started_at: float, duration: float, success: bool | None = None
) -> CiResultsDocument:
    """Return results as ``ci_test_results.json`` has them.

    Args:
        results: one per test.
        started_at: seconds since the epoch.
        duration: wall-clock seconds.
        success: whether the run succeeded, False for a suite that could not run; by default, whether nothing failed.
    """
    modules: dict[str, list[TestResult]] = {}
    for result in results:
        modules.setdefault(escape_surrogates(result.module), []).append(result)
    if success is None:
        success = not any(result.outcome.is_failure for members in modules.values() for result in members)
    return CiResultsDocument(
        timestamp=iso_time(started_at),
        overall_success=success,
        total_duration=duration,
        modules={module: _module(members) for module, members in sorted(modules.items())},
    )


def _module(results: Sequence[TestResult]) -> CiModuleDocument:
    totals = count_results(results)
    return CiModuleDocument(
        total_tests=totals.tests,
        passed=totals.passed,
        failed=totals.failed,
        skipped=totals.skipped,
        errors=totals.errored,
        duration=totals.duration,
        failures=tuple(
            CiFailureDocument(
                **dict(unittest_failure(result)), traceback=escape_surrogates(shorten_paths(result.traceback))
            )
            for result in results
            if result.outcome.is_failure
        ),
    )


def baseline_results_document(
    results: Iterable[TestResult], *, commit: str, started_at: float, duration: float, tracebacks: bool = True
) -> BaselineResultsDocument:
    """Return results as ``baseline_results.json`` has them, by default with the tracebacks of failures.

    Of several results with one id, a failure counts.
    """
    results = tuple(results)
    document = ci_results_document(results, started_at=started_at, duration=duration)
    tests: dict[str, BaselineTestDocument] = {}
    for result in results:
        test_id = escape_surrogates(result.test_id)
        if test_id not in tests or result.outcome.is_failure:
            tests[test_id] = BaselineTestDocument(
                module=escape_surrogates(result.module), outcome=result.outcome, duration=result.duration
            )
    shared = dict(document)
    if not tracebacks:
        shared["modules"] = {name: _without_tracebacks(module) for name, module in document.modules.items()}
    return BaselineResultsDocument(**shared, commit=commit, tests=tests)


def _without_tracebacks(module: CiModuleDocument) -> CiModuleDocument:
    failures = tuple(failure.model_copy(update={"traceback": ""}) for failure in module.failures)
    return module.model_copy(update={"failures": failures})


def results_of_baseline(document: BaselineResultsDocument) -> tuple[TestResult, ...]:
    """Return the results in a baseline, without messages; only the failures of one without ``tests``."""
    if document.tests is not None:
        return tuple(
            TestResult(test_id, test.module, test.outcome, test.duration) for test_id, test in document.tests.items()
        )
    outcomes = {error_type: outcome for outcome, error_type in _ERROR_TYPES.items()}
    return tuple(
        TestResult(_test_id(failure), failure.module, outcomes.get(failure.error_type, Outcome.ERRORED))
        for module in document.modules.values()
        for failure in module.failures
    )


def _test_id(failure: UnittestFailure) -> str:
    if is_fixture(failure.test_name) or not failure.test_class:  # a fixture's name is its whole id
        return failure.test_name
    separator = NODE_SEPARATOR if is_node_id(failure.test_class) else "."
    return f"{failure.test_class}{separator}{failure.test_name}"
