"""How far a critical failure reaches: the modules that it hit most, and the errors that it consists of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from batchhook.core.failure_signature import signature
from batchhook.core.results import TestResult, Totals, by_module


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Failing tests that are likely to have one cause: they end with the same error at the same place.

    Attributes:
        error_type: the exception's class name; where nothing was raised, how the tests ended.
        location: ``path:line``; empty where it is not known.
        message: what the first of them said.
        tests: their ids.
    """

    error_type: str
    location: str
    message: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriticalFailure:
    """What a critical failure consists of.

    Attributes:
        modules: those with failing tests, and how many of each there are; the most affected one first.
        errors: the failing tests by their signature, the most frequent one first.
    """

    modules: tuple[tuple[str, Totals], ...]
    errors: tuple[ErrorGroup, ...]


def critical_failure(results: Iterable[TestResult]) -> CriticalFailure:
    """What the failures among a run's results consist of."""
    results = tuple(results)
    modules = tuple((name, totals) for name, totals in by_module(results).items() if totals.failures)
    return CriticalFailure(modules, _grouped(result for result in results if result.outcome.is_failure))


def _grouped(failing: Iterable[TestResult]) -> tuple[ErrorGroup, ...]:
    groups: defaultdict[str, list[TestResult]] = defaultdict(list)
    for result in failing:
        groups[signature(result)].append(result)
    return tuple(
        ErrorGroup(
            error_type=these[0].error_type or these[0].outcome.value,
            location=these[0].location,
            message=these[0].message,
            tests=tuple(result.test_id for result in these),
        )
        for these in sorted(groups.values(), key=len, reverse=True)
    )


def by_error_type(groups: Iterable[ErrorGroup]) -> tuple[tuple[ErrorGroup, ...], ...]:
    """Groups put together by their error's type, the type with most tests first; in each, the largest group first."""
    types: defaultdict[str, list[ErrorGroup]] = defaultdict(list)
    for group in groups:
        types[group.error_type].append(group)
    ordered = sorted(types.values(), key=lambda these: sum(len(group.tests) for group in these), reverse=True)
    return tuple(map(tuple, ordered))
