"""``ci_test_results.json`` and its like: results by module, in the shape that CI runs have had since `origin.md`."""

from __future__ import annotations

from collections.abc import Iterable

from batchhook.core.results import Outcome, TestResult, count
from batchhook.core.sanitize import encodable
from batchhook.core.tracebacks import shortened
from batchhook.core.unittest_ids import is_fixture, split
from batchhook.report.json_models.base import Document, Time, iso_time

_AS_UNITTEST = {Outcome.FAILED: "FAIL", Outcome.UNEXPECTED_SUCCESS: "UNEXPECTED SUCCESS"}


class CiFailureDocument(Document):
    """A failing test; ``error_type`` is unittest's word: FAIL, ERROR, UNEXPECTED SUCCESS."""

    test_name: str
    test_class: str
    error_type: str
    message: str
    file_location: str
    traceback: str
    module: str


class CiModuleDocument(Document):
    """A module's results; ``duration`` is the sum of its tests' own, in seconds."""

    total_tests: int
    passed: int
    failed: int
    skipped: int
    errors: int
    duration: float
    failures: tuple[CiFailureDocument, ...]


class CiResultsDocument(Document):
    """``ci_test_results.json``: ``timestamp`` is when it began, ``total_duration`` seconds of the wall clock."""

    timestamp: Time
    overall_success: bool
    total_duration: float
    modules: dict[str, CiModuleDocument]


class BaselineTestDocument(Document):
    """A test in a baseline; ``duration`` in seconds."""

    module: str
    outcome: Outcome
    duration: float = 0.0


class BaselineResultsDocument(CiResultsDocument):
    """``baseline_results.json``: the same, with the commit that it is of, and every test's outcome by its id.

    A file without these two is a baseline as well, in which only the failing tests are known.
    """

    commit: str = ""
    tests: dict[str, BaselineTestDocument] | None = None


def ci_results_document(
    results: Iterable[TestResult], *, started_at: float, duration: float, success: bool | None = None
) -> CiResultsDocument:
    """Results as ``ci_test_results.json`` has them.

    Args:
        results: one per test.
        started_at: seconds since the epoch.
        duration: seconds of the wall clock.
        success: whether the run was one; without it, whether nothing failed. A suite that could not run was none.
    """
    results = tuple(results)
    failed = any(result.outcome.is_failure for result in results)
    return CiResultsDocument(
        timestamp=iso_time(started_at),
        overall_success=not failed if success is None else success,
        total_duration=duration,
        modules=_modules(results),
    )


def baseline_results_document(
    results: Iterable[TestResult], *, commit: str, started_at: float, duration: float, tracebacks: bool = True
) -> BaselineResultsDocument:
    """Results as a baseline; arguments as above, and whether failing tests are to have their tracebacks."""
    results = tuple(results)
    document = ci_results_document(results, started_at=started_at, duration=duration)
    modules = document.modules if tracebacks else {name: _short(module) for name, module in document.modules.items()}
    tests: dict[str, BaselineTestDocument] = {}
    for result in results:
        name = encodable(result.test_id)
        if name not in tests or result.outcome.is_failure:  # of several with one id, a failing one counts
            tests[name] = BaselineTestDocument(
                module=encodable(result.module), outcome=result.outcome, duration=result.duration
            )
    return BaselineResultsDocument(
        timestamp=document.timestamp,
        overall_success=document.overall_success,
        total_duration=duration,
        modules=modules,
        commit=commit,
        tests=tests,
    )


def results_of_baseline(document: BaselineResultsDocument) -> tuple[TestResult, ...]:
    """The results in a baseline, without any texts; of one without ``tests``, the failing ones."""
    if document.tests is not None:
        return tuple(
            TestResult(name, test.module, test.outcome, test.duration) for name, test in document.tests.items()
        )
    return tuple(
        TestResult(_id_of(failure), failure.module, _outcome(failure.error_type))
        for module in document.modules.values()
        for failure in module.failures
    )


def _id_of(failure: CiFailureDocument) -> str:
    if is_fixture(failure.test_name) or not failure.test_class:  # a fixture's name is its whole id
        return failure.test_name
    return f"{failure.test_class}.{failure.test_name}"


def _outcome(word: str) -> Outcome:
    words = {word: outcome for outcome, word in _AS_UNITTEST.items()}
    return words.get(word, Outcome.ERRORED)


def _modules(results: Iterable[TestResult]) -> dict[str, CiModuleDocument]:
    groups: dict[str, list[TestResult]] = {}
    for result in results:
        groups.setdefault(encodable(result.module), []).append(result)
    return {module: _module(members) for module, members in sorted(groups.items())}


def _module(members: Iterable[TestResult]) -> CiModuleDocument:
    members = tuple(members)
    totals = count(members)
    return CiModuleDocument(
        total_tests=totals.tests,
        passed=totals.passed,
        failed=totals.failed,
        skipped=totals.skipped,
        errors=totals.errored,
        duration=totals.duration,
        failures=tuple(_failure(result) for result in members if result.outcome.is_failure),
    )


def _failure(result: TestResult) -> CiFailureDocument:
    group, name = split(result.test_id, result.module)
    return CiFailureDocument(
        test_name=encodable(name),
        test_class=encodable(group),
        error_type=_AS_UNITTEST.get(result.outcome, "ERROR"),
        message=encodable(result.message or result.outcome.value),
        file_location=encodable(result.location),
        traceback=encodable(shortened(result.traceback)),
        module=encodable(result.module),
    )


def _short(module: CiModuleDocument) -> CiModuleDocument:
    failures = tuple(failure.model_copy(update={"traceback": ""}) for failure in module.failures)
    return module.model_copy(update={"failures": failures})
