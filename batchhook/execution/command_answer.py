"""The answer of a command to what was asked of a suite: all tests, some of them, or those of another tree. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from batchhook.core.culprits.renames import NameIndex
from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.test_ids import EVERYTHING, NODE_SEPARATOR, is_unloaded_module, parse_id
from batchhook.errors import SuiteError
from batchhook.execution.scheduling import TestItem, nearest_ids, select
from batchhook.execution.spec import NONE_SELECTED, SuiteSpec


@dataclass(frozen=True, slots=True)
class CommandObservation:
    """Outcome of one execution of the command.

    Attributes:
        results: of all tests that it reported.
        finding: what is no test, and failed: the build, or the command as a whole; None if nothing of that kind did.
        hint: what is odd about it, and no failure.
        is_whole: whether all tests were to run.
    """

    results: tuple[TestResult, ...] = ()
    finding: TestResult | None = None
    hint: str = ""
    is_whole: bool = True


def answer(spec: SuiteSpec, observation: CommandObservation) -> SuiteResult:
    """Return what was asked for, of all that an execution showed.

    Raises:
        SuiteError: no test was asked for that exists.
    """
    results = (*observation.results, *([observation.finding] if observation.finding else ()))
    if spec.from_other_tree:
        return _answer_other_tree(spec, observation, results)
    if not results:
        raise spec.engine.explain_empty()
    if not spec.only:
        return SuiteResult(results, hint=observation.hint)
    items = [as_item(result.test_id) for result in results]
    chosen = set(select(items, spec.only))
    if not chosen and observation.finding is None:
        nearest = ", ".join(nearest_ids(items, spec.only))
        raise SuiteError(
            NONE_SELECTED, f"Did you mean: {nearest}?" if nearest else "Run the whole suite to see their ids."
        )
    answered = (each for number, each in enumerate(results) if number in chosen or each is observation.finding)
    return SuiteResult(tuple(answered), hint=observation.hint, is_complete=False)


def _answer_other_tree(spec: SuiteSpec, observation: CommandObservation, results: Sequence[TestResult]) -> SuiteResult:
    """Return the results of tests of another tree, and which of them this one does not have."""
    known = {result.test_id for result in results}
    classes = {result.module for result in results if NODE_SEPARATOR in result.test_id}
    unloaded = {name for name in known if is_unloaded_module(name)}
    index = NameIndex(known)
    implied, absent, untestable = [], {}, []
    for name in spec.only:
        if name in known:
            continue
        if is_unloaded_module(name) and (name == EVERYTHING or _has_loaded(name, classes, spec, observation)):
            implied.append(TestResult(name, name, Outcome.PASSED))  # it can be built and loaded here
        elif observation.finding is not None or _is_in(parse_id(name).module, unloaded):
            untestable.append(name)
        else:
            absent[name] = index.similar(name)
    return SuiteResult(
        (*results, *implied),
        is_complete=False,
        absent=absent,
        untestable=tuple(untestable),
        known_ids=frozenset(known) if observation.is_whole and observation.finding is None else frozenset(),
    )


def _is_in(class_name: str, unloaded: Collection[str]) -> bool:
    """Return whether a class is one of those that cannot be loaded, or inside of one."""
    parts = class_name.split(".")
    around = {".".join(parts[:number]) for number in range(1, len(parts) + 1)}
    return not around.isdisjoint(name.removeprefix("./") for name in unloaded)


def _has_loaded(name: str, classes: Collection[str], spec: SuiteSpec, observation: CommandObservation) -> bool:
    """Return whether a file, package or module that cannot be loaded in another tree could be in this one.

    Its tests show it, by a class that is named for it or is inside of it. Where tests do not say which file they are in
    (node), it is enough that the file exists, and that everything ran.
    """
    path = name.removeprefix("./")
    if any(each == path or each.startswith(f"{path}.") for each in classes):
        return True
    return observation.is_whole and observation.finding is None and (spec.root / path).is_file()


def as_item(test_id: str) -> TestItem:
    """Return a reported test as selections see it."""
    test = parse_id(test_id)
    return TestItem(test_id, test.module, test.class_name, "")
