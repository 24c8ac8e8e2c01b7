"""Comparison of two runs of a suite: tests that fail now, were fixed, were added or removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from batchhook.core.results import Outcome, TestResult
from batchhook.core.test_ids import split_suite


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences between a run and an earlier one, as sorted test ids.

    Attributes:
        newly_failing: fail now; passed, were skipped or did not exist before.
        still_failing: fail now and failed before.
        fixed: failed before; ran now without failing. Flaky tests are left out: passing shows nothing.
        newly_skipped: skipped now; ran before.
        added: did not exist before.
        removed: no longer exist.
        failing_without_changes: fail now and did not fail before, but also fail without the changes since then, so that
            something else differs, such as the Python.
        flaky: fail now and did not fail before, and are flaky: no change broke them.
    """

    newly_failing: tuple[str, ...] = ()
    still_failing: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    newly_skipped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failing_without_changes: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()

    @property
    def is_regression(self) -> bool:
        """Return whether a test fails that did not fail before."""
        return bool(self.newly_failing)

    @property
    def is_empty(self) -> bool:
        """Return whether nothing differs and nothing fails."""
        return self == Comparison()

    def excuse(self, pre_existing: Collection[str], flaky: Collection[str] = ()) -> Comparison:
        """Return the comparison without tests among the newly failing ones that no change broke.

        Args:
            pre_existing: ids of tests that fail without the changes, too.
            flaky: ids of flaky tests.
        """
        excused = {*pre_existing, *flaky}
        return replace(
            self,
            newly_failing=tuple(test_id for test_id in self.newly_failing if test_id not in excused),
            failing_without_changes=tuple(test_id for test_id in self.newly_failing if test_id in pre_existing),
            flaky=tuple(test_id for test_id in self.newly_failing if test_id in flaky),
        )


@dataclass(frozen=True, slots=True)
class SuiteComparison:
    """Comparison of a whole suite, and of each module in which something differs."""

    overall: Comparison
    by_module: Mapping[str, Comparison] = field(default_factory=dict)

    def excuse(self, pre_existing: Collection[str], flaky: Collection[str] = ()) -> SuiteComparison:
        """Return the comparison with ``Comparison.excuse`` applied to the whole suite and to each module."""
        by_module = {module: comparison.excuse(pre_existing, flaky) for module, comparison in self.by_module.items()}
        return SuiteComparison(self.overall.excuse(pre_existing, flaky), by_module)


def compare(
    now: Iterable[TestResult], before: Iterable[TestResult], flaky: Collection[str] = frozenset()
) -> SuiteComparison:
    """Compare two complete runs of a suite. If an id occurs more than once, a failing result takes precedence.

    Args:
        now: results of the run.
        before: results of the earlier run.
        flaky: ids of tests that failed before for no reason that could have been fixed.
    """
    results_now = _by_id(now)
    suites = {split_suite(test_id)[0] for test_id in results_now}
    results_before = {
        test_id: result
        for test_id, result in _by_id(before).items()
        if split_suite(test_id)[0] in suites or not suites  # tests of a suite that did not run are not gone
    }
    modules: defaultdict[str, tuple[dict[str, TestResult], dict[str, TestResult]]] = defaultdict(lambda: ({}, {}))
    for side, results in enumerate((results_now, results_before)):
        for test_id, result in results.items():
            modules[result.module][side][test_id] = result
    by_module = {module: _compare(*sides, flaky) for module, sides in sorted(modules.items())}
    return SuiteComparison(
        overall=_compare(results_now, results_before, flaky),
        by_module={module: comparison for module, comparison in by_module.items() if not comparison.is_empty},
    )


def _by_id(results: Iterable[TestResult]) -> dict[str, TestResult]:
    by_id: dict[str, TestResult] = {}
    for result in results:
        if result.outcome.is_failure or result.test_id not in by_id:
            by_id[result.test_id] = result
    return by_id


def _compare(
    now: Mapping[str, TestResult], before: Mapping[str, TestResult], known_flaky: Collection[str]
) -> Comparison:
    failing = {test_id for test_id, result in now.items() if result.outcome.is_failure}
    failed = {test_id for test_id, result in before.items() if result.outcome.is_failure}
    skipped = {test_id for test_id, result in now.items() if result.outcome is Outcome.SKIPPED}
    ran = {test_id for test_id, result in before.items() if result.outcome.has_run}
    flaky = {test_id for test_id, result in now.items() if result.is_parallel_only}.union(known_flaky)
    return Comparison(
        newly_failing=tuple(sorted(failing - failed)),
        still_failing=tuple(sorted(failing & failed)),
        fixed=tuple(sorted((failed & now.keys()) - failing - skipped - flaky)),
        newly_skipped=tuple(sorted(skipped & ran)),
        added=tuple(sorted(now.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - now.keys())),
    )
