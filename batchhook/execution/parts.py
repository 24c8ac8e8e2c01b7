"""Several suites as one: each runs on its own, and its tests carry its name before their ids. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from batchhook.core.events import RunEvent, RunListener, TestBegan, TestEnded, TestRevised, TestsCounted
from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.test_ids import EVERYTHING, join_suite, split_suite
from batchhook.core.test_stats import TestStats
from batchhook.execution.spec import SuitePart, SuiteSpec


def part_spec(spec: SuiteSpec, part: SuitePart) -> SuiteSpec | None:
    """Return the spec of one suite; None if only tests of others were asked for."""
    only = tuple(word for name in spec.only for word in words_inside(name, part.name, part.folder))
    if spec.only and not only:
        return None
    if "" in only:
        only = ()
    return replace(
        spec,
        parts=(),
        root=spec.root / part.folder,
        interpreter=part.interpreter,
        environment=part.environment,
        engine=part.engine,
        test_timeout=part.test_timeout,
        only=only,
        limits=_keyed(spec.limits, part),
        priorities=_keyed(spec.priorities, part),
        modules=_inside(spec.modules, part),
        stats=_stats(spec.stats, part),
        recording=spec.recording.for_part(part.name, part.folder) if spec.recording is not None else None,
        coverage=spec.coverage / part.name if spec.coverage is not None else None,
        changed_files=frozenset(path for name in spec.changed_files for path in _relative(name, part.folder)),
    )


def words_inside(word: str, name: str, folder: str) -> Iterable[str]:
    """Return what a word of the user's, or an id, means in one suite; an empty word is all of it.

    Args:
        word: a path is relative to the top of the checkout.
        name: of the suite.
        folder: of the suite, relative to the top of the checkout; empty for the top.
    """
    suite, text = split_suite(word)
    if suite:
        return [text] if suite == name else []
    if folder and f"{folder}/".startswith(f"{word.rstrip('/')}/"):
        return [""]
    return _relative(word, folder) or ([] if "/" in word.partition("::")[0] and folder else [word])


def _relative(path: str, folder: str) -> list[str]:
    """Return a path relative to a suite's folder; nothing if it is elsewhere."""
    if not folder:
        return [path]
    return [path.removeprefix(f"{folder}/")] if path.startswith(f"{folder}/") else []


def _inside(names: Iterable[str], part: SuitePart) -> frozenset[str]:
    return frozenset(text for suite, text in map(split_suite, names) if suite == part.name)


def _keyed(values: Mapping[str, float], part: SuitePart) -> dict[str, float]:
    return {text: values[name] for name in values for suite, text in [split_suite(name)] if suite == part.name}


def _stats(stats: TestStats, part: SuitePart) -> TestStats:
    return TestStats(
        durations=_keyed(stats.durations, part),
        last_failed=_inside(stats.last_failed, part),
        parallel_only=_inside(stats.parallel_only, part),
        order_dependent=_inside(stats.order_dependent, part),
        isolation_verified=_inside(stats.isolation_verified, part),
    )


def listen_to_part(listener: RunListener, part: SuitePart, earlier_tests: int) -> RunListener:
    """Return a listener to one suite, which passes its events on to the listener of all.

    Args:
        listener: of all suites.
        part: the suite.
        earlier_tests: number of tests of the suites that ran before.
    """

    def pass_on(event: RunEvent) -> None:
        match event:
            case TestsCounted(total):
                event = TestsCounted(earlier_tests + total)
            case TestBegan(test_id):
                event = TestBegan(join_suite(part.name, test_id))
            case TestEnded(result):
                event = TestEnded(qualify(result, part))
            case TestRevised(result):
                event = TestRevised(qualify(result, part))
        listener(event)

    return pass_on


def qualify(result: TestResult, part: SuitePart) -> TestResult:
    """Return a result with the name of its suite, and its location relative to the checkout."""
    location = str(PurePosixPath(part.folder, result.location)) if result.location else ""
    return replace(
        result,
        test_id=join_suite(part.name, result.test_id),
        module=join_suite(part.name, result.module),
        location=location,
    )


def merge(results: Sequence[tuple[SuitePart, SuiteResult]], *, is_whole: bool) -> SuiteResult:
    """Return the results of several suites as one.

    A suite that cannot run is a failing test of its own, so that the others count, and the change that broke it can be
    found. If none of several can run, the whole is broken: no change is likely to do that.

    Args:
        results: of each suite.
        is_whole: whether all tests of all suites were asked for.
    """
    broken = [(part, result) for part, result in results if result.broken_reason]
    if is_whole and len(broken) == len(results) > 1:
        reasons = "; ".join(f"{part.name}: {result.broken_reason}" for part, result in broken)
        return replace(broken[0][1], broken_reason=reasons)

    def names(select: Callable[[SuiteResult], Iterable[str]]) -> list[str]:
        return [join_suite(part.name, name) for part, result in results for name in select(result)]

    return SuiteResult(
        results=tuple(each for part, result in results for each in _results(part, result)),
        duration=sum(result.duration for _, result in results),
        deselected=sum(result.deselected for _, result in results),
        hint=next((result.hint for _, result in results if result.hint and not result.broken_reason), ""),
        is_complete=all(result.is_complete or result.broken_reason for _, result in results),
        absent={
            join_suite(part.name, name): tuple(join_suite(part.name, other) for other in similar)
            for part, result in results
            for name, similar in result.absent.items()
        },
        untestable=tuple(names(lambda result: result.untestable)),
        known_ids=frozenset(names(lambda result: result.known_ids)),
    )


def _results(part: SuitePart, result: SuiteResult) -> list[TestResult]:
    if not result.broken_reason:
        return [qualify(each, part) for each in result.results]
    message = "\n".join(filter(None, (result.broken_reason, result.hint)))
    return [TestResult(join_suite(part.name, EVERYTHING), part.name, Outcome.ERRORED, message=message)]
