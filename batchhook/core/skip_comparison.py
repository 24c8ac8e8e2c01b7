"""Skipped tests of a run in a private work tree, compared with the same tests in the user's own. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass

from batchhook.core.results import Outcome, TestResult
from batchhook.core.test_ids import (
    is_fixture,
    is_inside,
    is_node_id,
    is_unloaded_module,
    join_suite,
    owner,
    split_suite,
)

_SKIPPED_MODULE = "unittest.loader.ModuleSkipped."
"""Prefix of unittest's id of a module that skips all of its tests while it is imported."""


@dataclass(frozen=True, slots=True)
class SkipDifference:
    """A test that is skipped in the private work tree, and runs in the user's own.

    Attributes:
        skipped: its result in the private work tree, or that of its class or module, if that skipped all of its tests.
        result: its result in the user's work tree.
    """

    skipped: TestResult
    result: TestResult


@dataclass(frozen=True, slots=True)
class SkipComparison:
    """The two work trees, compared.

    Attributes:
        skipped: number of skips in the private work tree: of tests, and of classes and modules as a whole.
        differences: tests that run in the user's work tree only, in the order of the suite.
        skipped_in_both: number of those skips that occur in the user's work tree, too.
        only_committed: ids of tests that exist in the private work tree only, sorted.
        only_uncommitted: ids of tests that exist in the user's work tree only, sorted.
        unloaded: modules or files that cannot be loaded, or skip all tests, in the user's work tree only; sorted.
        uncompared: names of suites that were left out, since their command cannot run single tests.
    """

    skipped: int
    differences: tuple[SkipDifference, ...] = ()
    skipped_in_both: int = 0
    only_committed: tuple[str, ...] = ()
    only_uncommitted: tuple[str, ...] = ()
    unloaded: tuple[str, ...] = ()
    uncompared: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Return whether both work trees have the same tests, and skip the same ones."""
        return not (self.differences or self.only_committed or self.only_uncommitted or self.unloaded)


@dataclass(frozen=True, slots=True)
class TestSets:
    """The tests of both work trees.

    Attributes:
        results: of a run of the whole suite in the private work tree.
        collected: ids of all tests, and of modules that cannot be loaded, in the user's work tree.
        countable: ids of those of the private work tree that were looked for there: the tests of a command cannot be
            listed without running them.
    """

    __test__ = False  # not a test class of pytest's

    results: Sequence[TestResult]
    collected: AbstractSet[str]
    countable: AbstractSet[str]

    @property
    def skipped(self) -> tuple[TestResult, ...]:
        """Return what is skipped in the private work tree."""
        return tuple(result for result in self.results if result.outcome is Outcome.SKIPPED)

    def select(self) -> tuple[str, ...]:
        """Return the ids of the tests to run in the user's work tree: what is skipped, and exists there."""
        return tuple(dict.fromkeys(name for result in self.skipped for name in self._members(result)))

    def _members(self, skipped: TestResult) -> Iterable[str]:
        if _group(skipped) is None:
            is_known = skipped.test_id in self.collected or skipped.test_id not in self.countable
            return [skipped.test_id] if is_known else []
        return (
            name
            for name in self.collected
            if name == skipped.test_id or (_module(name) is None and _belongs(name, skipped))
        )

    def compare(self, results: Iterable[TestResult]) -> SkipComparison:
        """Compare with the results of the selected tests in the user's work tree."""
        own_results = _Results.of(results)
        answers = {skipped: own_results.answers(skipped) for skipped in self.skipped}
        differences = (
            SkipDifference(skipped, result)
            for skipped, answer in answers.items()
            for result in answer
            if result.outcome.has_run
        )
        own = {result.test_id for result in self.results}
        groups = [result for result in self.results if _group(result) is not None]
        unloaded = {name: module for name in self.collected - own if (module := _module(name)) is not None}
        return SkipComparison(
            skipped=len(answers),
            differences=tuple(differences),
            skipped_in_both=sum(bool(answer) and not any(map(_has_run, answer)) for answer in answers.values()),
            only_committed=tuple(
                sorted(
                    result.test_id
                    for result in self.results
                    if result.test_id in self.countable - self.collected
                    and _group(result) is None
                    and not any(is_inside(result.test_id, module) for module in unloaded.values())
                )
            ),
            only_uncommitted=tuple(
                sorted(
                    name
                    for name in self.collected - own - unloaded.keys()
                    if not any(_belongs(name, group) for group in groups)
                )
            ),
            unloaded=tuple(sorted(name if is_node_id(name) else module for name, module in unloaded.items())),
        )


@dataclass(frozen=True, slots=True)
class _Results:
    """Results in the user's work tree, by id; ``groups`` are those of fixtures, and of modules as a whole."""

    by_id: Mapping[str, TestResult]
    groups: tuple[TestResult, ...]

    @classmethod
    def of(cls, results: Iterable[TestResult]) -> _Results:
        """Return the results; of several with one id, a failing one, or else the last."""
        by_id: dict[str, TestResult] = {}
        for result in results:
            if result.test_id not in by_id or not by_id[result.test_id].outcome.is_failure:
                by_id[result.test_id] = result
        return cls(by_id, tuple(result for result in by_id.values() if _group(result) is not None))

    def answers(self, skipped: TestResult) -> Collection[TestResult]:
        """Return the results for what is skipped in the private work tree."""
        if _group(skipped) is None:
            if skipped.test_id in self.by_id:
                return [self.by_id[skipped.test_id]]
            return [group for group in self.groups if _belongs(skipped.test_id, group)]
        return [result for result in self.by_id.values() if _belongs(result.test_id, skipped)]


def _has_run(result: TestResult) -> bool:
    return result.outcome.has_run


def _group(result: TestResult) -> str | None:
    """Return the class or module that a result stands for as a whole; None if it is that of one test."""
    return owner(result.test_id) if is_fixture(result.test_id) else _module(result.test_id)


def _module(test_id: str) -> str | None:
    """Return the module that cannot be loaded, or skips all of its tests, by its id; None for all other ids."""
    suite, inside = split_suite(test_id)
    if inside.startswith(_SKIPPED_MODULE):
        return join_suite(suite, inside.removeprefix(_SKIPPED_MODULE))
    return owner(test_id) if is_unloaded_module(test_id) else None


def _belongs(test_id: str, group: TestResult) -> bool:
    """Return whether a test, or a fixture, is in the class or module that a result stands for."""
    name = _group(group)
    return name is not None and (test_id == group.test_id or is_inside(test_id, name))
