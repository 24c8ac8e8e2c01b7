"""Culprit search in simulated histories.

``FUZZ_INPUTS`` is the number of random histories of stable failures; a nightly run takes 20,000.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from batchhook.core.culprits.attribution import (
    Attribution,
    AttributionKind,
    ProbeOutcome,
    group_by_culprit,
    summarize_attributions,
)
from batchhook.core.culprits.coarsen import coarsen
from batchhook.core.culprits.posterior import RunCounts, posterior
from batchhook.core.culprits.priors import FailureHistory, estimate_priors
from batchhook.core.culprits.search import CulpritSearch, FailingTest

PASSED, FAILED, ABSENT, UNTESTABLE = (
    ProbeOutcome.PASSED,
    ProbeOutcome.FAILED,
    ProbeOutcome.ABSENT,
    ProbeOutcome.UNTESTABLE,
)
STEADY = FailureHistory(passes=30)

Outcomes = Callable[[str, int], ProbeOutcome]


class CompletedSearch:
    """Outcome of a complete search, and its cost."""

    def __init__(self, search: CulpritSearch, outcome: Outcomes, workers: int = 2, max_probes: int = 400) -> None:
        self.probe_count = self.runs = 0
        while probes := search.next_probes(workers):
            assert len(probes) <= workers
            for probe in probes:
                self.probe_count += 1
                self.runs += len(probe.tests)
                assert self.probe_count < max_probes, "the search does not terminate"
                for name in probe.tests:
                    search.observe(name, probe.position, outcome(name, probe.position))
        self.attributions: Mapping[str, Attribution] = search.attributions


def search_for(
    changes: int,
    tests: Sequence[str],
    history: FailureHistory = STEADY,
    signature: str = "",
    scores: Sequence[float] = (),
) -> CulpritSearch:
    """Return a search in which every test fails after the last change."""
    priors = estimate_priors(history, scores or [0.0] * changes)
    failing = [FailingTest(name, signature or name, priors, 0.01) for name in tests]
    search = CulpritSearch([f"c{number}" for number in range(changes + 1)], failing)
    for name in tests:
        search.observe(name, changes, FAILED)
    return search


def attribute(changes: int, outcome: Callable[[int], ProbeOutcome], scores: Sequence[float] = ()) -> Attribution:
    """Search the culprit of one test."""
    return CompletedSearch(
        search_for(changes, ["t"], scores=scores), lambda _, position: outcome(position)
    ).attributions["t"]


def since(broke: int) -> Callable[[int], ProbeOutcome]:
    return lambda position: FAILED if position >= broke else PASSED


@given(changes=st.integers(1, 40), data=st.data(), workers=st.integers(1, 4), passes=st.integers(0, 300))
@settings(max_examples=int(os.environ.get("FUZZ_INPUTS", "60")), deadline=None)
def test_every_culprit_of_stable_failures_is_found(
    changes: int, data: st.DataObject, workers: int, passes: int
) -> None:
    names = [f"t{number}" for number in range(data.draw(st.integers(1, 8)))]
    broke = {name: data.draw(st.integers(0, changes)) for name in names}
    signature = data.draw(st.sampled_from(["", "alike"]))
    search = search_for(changes, names, FailureHistory(passes=passes), signature)
    completed = CompletedSearch(search, lambda name, position: FAILED if position >= broke[name] else PASSED, workers)
    for name, attribution in completed.attributions.items():
        if not broke[name]:
            assert attribution.kind is AttributionKind.PRE_EXISTING
            continue
        assert (attribution.kind, attribution.culprit) == (AttributionKind.CULPRIT, f"c{broke[name]}")
        assert attribution.confidence >= 0.99
        observations = {observation.oid: observation for observation in attribution.evidence}
        assert observations[f"c{broke[name]}"].failed, "it must be observed failing there"
        assert observations[f"c{broke[name] - 1}"].passed, "and passing just before"


@pytest.mark.parametrize("broke", range(1, 6))
def test_cost_of_five_changes(broke: int) -> None:
    search = search_for(5, ["t"])
    search.observe("t", 0, PASSED)
    assert CompletedSearch(search, lambda _, position: since(broke)(position)).probe_count <= 6


@pytest.mark.parametrize("broke", [1, 2, 211, 599, 600])
def test_hundreds_of_changes(broke: int) -> None:
    scores = [1.0 if number % 7 == 3 else 0.0 for number in range(600)]
    for relevance in ((), scores):
        completed = CompletedSearch(
            search_for(600, ["t"], scores=relevance), lambda _, position: since(broke)(position)
        )
        assert completed.attributions["t"].culprit == f"c{broke}"
        assert completed.probe_count <= 26


def test_hundreds_of_changes_with_many_untestable() -> None:
    def outcome(name: str, position: int) -> ProbeOutcome:
        return UNTESTABLE if 100 <= position < 400 else since({"a": 50, "b": 500, "c": 400}[name])(position)

    completed = CompletedSearch(search_for(600, ["a", "b"]), outcome)
    assert {name: attribution.culprit for name, attribution in completed.attributions.items()} == {
        "a": "c50",
        "b": "c500",
    }
    assert completed.probe_count <= 36
    attribution = CompletedSearch(search_for(600, ["c"]), outcome).attributions["c"]
    assert attribution.kind is AttributionKind.AMBIGUOUS
    assert attribution.suspects == tuple(f"c{number}" for number in range(100, 401))


@given(observations=st.dictionaries(st.integers(0, 399), st.booleans(), max_size=12), likely=st.integers(0, 399))
@settings(max_examples=25, deadline=None)
def test_coarsening_preserves_probabilities(observations: dict[int, bool], likely: int) -> None:
    passed = tuple(int(observations.get(position, False)) for position in range(400))
    failed = tuple(int(not observations.get(position, True)) for position in range(400))
    priors = estimate_priors(STEADY, [float(number == likely) for number in range(399)])
    exact, coarse = (
        posterior(RunCounts(passed, failed), priors),
        coarsen(RunCounts(passed, failed), priors, lambda _: True),
    )
    assert len(coarse.positions) < 150
    assert coarse.posterior.no_culprit == pytest.approx(exact.no_culprit, rel=0.05, abs=0.003)
    for index, (before, position) in enumerate(pairwise((-1, *coarse.positions))):
        assert coarse.posterior.last_break[index] == pytest.approx(
            sum(exact.last_break[before + 1 : position + 1]), rel=0.05, abs=0.003
        )


def test_tests_with_the_same_culprit_share_probes() -> None:
    names = [f"t{number}" for number in range(50)]
    alone = CompletedSearch(search_for(20, names[:1]), lambda _, position: since(7)(position)).probe_count
    assert CompletedSearch(search_for(20, names), lambda _, position: since(7)(position)).probe_count == alone


def test_followers_run_only_where_their_leader_broke() -> None:
    names = [f"t{number}" for number in range(1000)]
    completed = CompletedSearch(search_for(20, names, signature="alike"), lambda _, position: since(7)(position))
    assert all(attribution.culprit == "c7" for attribution in completed.attributions.values())
    assert completed.runs <= 2 * len(names) + 20


def test_follower_with_another_culprit_is_searched_alone() -> None:
    broke = {"a": 3, "b": 3, "c": 8, "d": 0}
    completed = CompletedSearch(
        search_for(10, list(broke), signature="alike"), lambda name, position: since(broke[name])(position)
    )
    assert {name: attribution.culprit for name, attribution in completed.attributions.items()} == {
        "a": "c3",
        "b": "c3",
        "c": "c8",
        "d": "",
    }
    assert completed.attributions["d"].kind is AttributionKind.PRE_EXISTING


def test_ten_thousand_failing_tests_terminate() -> None:
    names = [f"t{number}" for number in range(10_000)]
    completed = CompletedSearch(search_for(5, names), lambda _, position: since(4)(position))
    assert {attribution.culprit for attribution in completed.attributions.values()} == {"c4"}
    assert completed.probe_count <= 10


@pytest.mark.parametrize("scores", [(), (1.0, 2.0, 1.0, 1.0, 1.0)])
@pytest.mark.parametrize(("first", "fixed", "again"), [(1, 2, 4), (1, 3, 5), (2, 3, 4), (2, 4, 5), (1, 2, 3)])
def test_broken_fixed_and_broken_again_is_attributed_to_the_last_change(
    first: int, fixed: int, again: int, scores: Sequence[float]
) -> None:
    def outcome(position: int) -> ProbeOutcome:
        return FAILED if first <= position < fixed or position >= again else PASSED

    # If no change touches what the test uses, a fix in between is only inferred if it was observed.
    attribution = attribute(5, outcome, scores)
    if scores:
        assert attribution.culprit == f"c{again}"
    else:
        assert attribution.culprit in {f"c{again}", f"c{first}"}


def test_untestable_revisions_are_skipped_and_not_blamed() -> None:
    def outcome(position: int) -> ProbeOutcome:
        return UNTESTABLE if position in {2, 3} else since(5)(position)

    assert attribute(6, outcome).culprit == "c5"


def test_culprit_among_untestable_revisions_is_a_range() -> None:
    def outcome(position: int) -> ProbeOutcome:
        return UNTESTABLE if position in {2, 3} else since(2)(position)

    attribution = attribute(6, outcome)
    assert attribution.kind is AttributionKind.AMBIGUOUS
    assert attribution.suspects == ("c2", "c3", "c4")
    assert attribution.reason == "cannot be tested at c2, cannot be tested at c3"


def test_new_test_that_never_passed_was_introduced_failing() -> None:
    attribution = attribute(5, lambda position: FAILED if position >= 3 else ABSENT)
    assert (attribution.kind, attribution.culprit) == (AttributionKind.INTRODUCED, "c3")


def test_new_test_that_passed_at_first_has_a_culprit() -> None:
    attribution = attribute(5, lambda position: ABSENT if position < 2 else since(4)(position))
    assert (attribution.kind, attribution.culprit) == (AttributionKind.CULPRIT, "c4")


def test_test_that_can_run_nowhere_else() -> None:
    attribution = attribute(5, lambda position: FAILED if position == 5 else UNTESTABLE)
    assert attribution.kind is AttributionKind.AMBIGUOUS
    assert attribution.suspects == ("c1", "c2", "c3", "c4", "c5")


def test_test_that_cannot_be_run_alone() -> None:
    attribution = attribute(5, lambda _: ABSENT)
    assert attribution.kind is AttributionKind.AMBIGUOUS
    assert attribution.reason == "it cannot be run alone"


def test_flaky_tests_have_no_culprit() -> None:
    chance = random.Random(1)
    names = [f"t{number}" for number in range(40)]
    completed = CompletedSearch(search_for(5, names), lambda *_: FAILED if chance.random() < 0.3 else PASSED)
    kinds = [attribution.kind for attribution in completed.attributions.values()]
    assert kinds.count(AttributionKind.FLAKY) >= 38
    assert completed.runs / len(names) <= 9.5
    flaky = next(
        attribution for attribution in completed.attributions.values() if attribution.kind is AttributionKind.FLAKY
    )
    assert 0 < flaky.failure_count < flaky.run_count


def test_flaky_leader_does_not_decide_its_followers() -> None:
    chance = random.Random(2)

    def outcome(name: str, position: int) -> ProbeOutcome:
        if name == "t0":
            return FAILED if chance.random() < 0.2 else PASSED
        return since(2)(position)

    completed = CompletedSearch(search_for(5, ["t0", "t1", "t2"], signature="alike"), outcome)
    assert completed.attributions["t0"].kind is AttributionKind.FLAKY
    assert completed.attributions["t1"].culprit == completed.attributions["t2"].culprit == "c2"


def test_giving_up_reports_the_remaining_suspects() -> None:
    search = search_for(20, ["a", "b"])
    search.observe("a", 10, PASSED)
    search.next_probes(1)
    search.give_up("no time left")
    attribution = search.attributions["a"]
    assert attribution.kind is AttributionKind.AMBIGUOUS
    assert attribution.reason == "no time left"
    assert {"c11", "c20"} <= set(attribution.suspects)
    assert "c5" not in attribution.suspects
    assert search.open_count == 0
    assert not search.next_probes(1)


def test_earlier_observations_are_not_repeated() -> None:
    search = search_for(5, ["t"])
    for position in range(5):
        for _ in range(2):
            search.observe("t", position, since(3)(position))
    assert not search.next_probes(2)
    assert search.attributions["t"].culprit == "c3"


def test_relevant_change_is_probed_first() -> None:
    search = search_for(100, ["t"], scores=[1.0 if number == 36 else 0.0 for number in range(100)])
    positions = {probe.position for probe in search.next_probes(2)}
    assert positions & {36, 37}


def test_history_determines_the_weight_of_a_failure() -> None:
    def none(history: FailureHistory) -> float:
        observations = RunCounts((1, 0, 0, 0, 1, 0), (0, 0, 0, 0, 0, 2))
        return float(posterior(observations, estimate_priors(history, [0.0] * 5)).no_culprit)

    assert none(FailureHistory(passes=100)) < none(FailureHistory()) < none(FailureHistory(passes=10, flakes=5))


@given(
    counts=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=30),
    flakes=st.integers(0, 500),
    passes=st.integers(0, 10_000),
)
@settings(max_examples=100, deadline=None)
def test_posteriors_are_probabilities(counts: list[tuple[int, int]], flakes: int, passes: int) -> None:
    observations = RunCounts(tuple(passed for passed, _ in counts), tuple(failed for _, failed in counts))
    result = posterior(observations, estimate_priors(FailureHistory(passes, flakes), [0.0] * (len(counts) - 1)))
    assert sum(result.hypotheses) == pytest.approx(1)
    assert all(0 <= chance <= 1 + 1e-9 for chance in result.hypotheses)
    assert all(0 <= chance <= 1 + 1e-9 for row in result.failure_chances for chance in row)


def test_summary_and_grouping() -> None:
    attributions = {
        "a": Attribution(AttributionKind.CULPRIT, 1, ("0123456789",)),
        "b": Attribution(AttributionKind.FLAKY, 1),
        "c": Attribution(AttributionKind.INTRODUCED, 1, ("89abcdef01",)),
        "d": Attribution(AttributionKind.INTRODUCED, 1, ("89abcdef01",)),
    }
    assert group_by_culprit(attributions) == {"89abcdef01": ["c", "d"], "0123456789": ["a"]}
    assert summarize_attributions(attributions) == "89abcdef broke 2 tests, 01234567 broke 1 test, 1 flaky"


@pytest.mark.parametrize(("seconds", "probes"), [(0.0, 12), (0.01, 14)])
def test_tests_that_take_no_time_are_in_every_probe_that_helps_them(seconds: float, probes: int) -> None:
    """A command that cannot run some tests runs all of them each time, so each probe is about all that are open."""
    priors, broke = estimate_priors(STEADY, [0.0] * 8), {"a": 2, "b": 5, "c": 8}
    tests = [FailingTest(name, name, priors, seconds) for name in broke]
    search = CulpritSearch([f"c{number}" for number in range(9)], tests)
    for name in broke:
        search.observe(name, 8, FAILED)
    outcome: Outcomes = lambda name, position: since(broke[name])(position)  # noqa: E731 - of two functions
    completed = CompletedSearch(search, outcome, workers=1)
    assert {name: each.culprit for name, each in completed.attributions.items()} == {"a": "c2", "b": "c5", "c": "c8"}
    assert completed.probe_count == probes
    assert (completed.runs > 2 * probes) == (seconds == 0)
