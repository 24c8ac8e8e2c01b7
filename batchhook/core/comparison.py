"""Two runs of a suite beside each other: what fails now and did not, what was mended, what came and went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from batchhook.core.results import Outcome, TestResult


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is different in a run, compared with an earlier one; ids of tests, sorted.

    Attributes:
        newly_failing: fail now, and passed, were skipped, or did not exist then.
        still_failing: failed then, too.
        fixed: failed then, and ran without failing now.
        newly_skipped: are skipped now, and ran then.
        new: did not exist then.
        vanished: do not exist any more.
    """

    newly_failing: tuple[str, ...] = ()
    still_failing: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    newly_skipped: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()

    @property
    def is_regression(self) -> bool:
        """Whether something fails that did not."""
        return bool(self.newly_failing)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is different, and nothing fails."""
        return self == Comparison()


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison of all tests together, and of each module's; modules without any difference are left out."""

    whole: Comparison
    by_module: Mapping[str, Comparison] = field(default_factory=dict)


def compare(now: Iterable[TestResult], before: Iterable[TestResult]) -> Compared:
    """Compare two runs of all tests of a suite; of several results with one id, a failing one counts."""
    ours, theirs = _by_id(now), _by_id(before)
    whole = _compared(ours, theirs)
    modules: defaultdict[str, tuple[dict[str, TestResult], dict[str, TestResult]]] = defaultdict(lambda: ({}, {}))
    for side, results in enumerate((ours, theirs)):
        for name, result in results.items():
            modules[result.module][side][name] = result
    found = {module: _compared(*sides) for module, sides in sorted(modules.items())}
    return Compared(whole, {module: one for module, one in found.items() if not one.is_empty})


def _by_id(results: Iterable[TestResult]) -> dict[str, TestResult]:
    found: dict[str, TestResult] = {}
    for result in results:
        if result.outcome.is_failure or result.test_id not in found:
            found[result.test_id] = result
    return found


def _compared(now: Mapping[str, TestResult], before: Mapping[str, TestResult]) -> Comparison:
    failing = {name for name, result in now.items() if result.outcome.is_failure}
    failed = {name for name, result in before.items() if result.outcome.is_failure}
    skipped = {name for name, result in now.items() if result.outcome is Outcome.SKIPPED}
    ran = {name for name, result in before.items() if result.outcome.ran}
    return Comparison(
        newly_failing=tuple(sorted(failing - failed)),
        still_failing=tuple(sorted(failing & failed)),
        fixed=tuple(sorted((failed & now.keys()) - failing - skipped)),
        newly_skipped=tuple(sorted(skipped & ran)),
        new=tuple(sorted(now.keys() - before.keys())),
        vanished=tuple(sorted(before.keys() - now.keys())),
    )
