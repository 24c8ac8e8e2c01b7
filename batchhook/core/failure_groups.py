"""Failures grouped by their likely cause, and the extent of a critical failure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from batchhook.core.results import TestResult, Totals, totals_by_module


def failure_signature(result: TestResult) -> str:
    """Return a key of outcome, error type and location, equal for failures that are likely to share a cause."""
    return f"{result.outcome.value}: {result.error_type} at {result.location}"


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Failing tests that are likely to share a cause: the same error at the same location.

    Attributes:
        error_type: class name of the exception; the outcome if nothing was raised.
        location: ``path:line``; empty if unknown.
        message: error message of the first test.
    """

    error_type: str
    location: str
    message: str
    test_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriticalFailure:
    """Extent of a critical failure.

    Attributes:
        modules: modules with failing tests and their totals, most failures first.
        error_groups: failing tests by signature, largest group first.
    """

    modules: tuple[tuple[str, Totals], ...]
    error_groups: tuple[ErrorGroup, ...]


def critical_failure(results: Iterable[TestResult]) -> CriticalFailure:
    """Group the failures among the results of a run."""
    results = tuple(results)
    modules = tuple((module, totals) for module, totals in totals_by_module(results).items() if totals.failures)
    return CriticalFailure(modules, _group_by_signature(result for result in results if result.outcome.is_failure))


def _group_by_signature(failures: Iterable[TestResult]) -> tuple[ErrorGroup, ...]:
    by_signature: defaultdict[str, list[TestResult]] = defaultdict(list)
    for result in failures:
        by_signature[failure_signature(result)].append(result)
    return tuple(
        ErrorGroup(
            error_type=group[0].error_type or group[0].outcome.value,
            location=group[0].location,
            message=group[0].message,
            test_ids=tuple(result.test_id for result in group),
        )
        for group in sorted(by_signature.values(), key=len, reverse=True)
    )


def group_by_error_type(groups: Iterable[ErrorGroup]) -> tuple[tuple[ErrorGroup, ...], ...]:
    """Collect groups by error type, the type with the most tests first; the order of groups within a type is kept."""
    by_type: defaultdict[str, list[ErrorGroup]] = defaultdict(list)
    for group in groups:
        by_type[group.error_type].append(group)
    ordered = sorted(by_type.values(), key=lambda same: sum(len(group.test_ids) for group in same), reverse=True)
    return tuple(map(tuple, ordered))
