"""Evidence of one failing test, and the attributions that it supports."""

from __future__ import annotations

import pytest

from batchhook.core.culprits.attribution import AttributionKind, ProbeOutcome
from batchhook.core.culprits.decision import MIN_OBSERVABILITY, Evidence
from batchhook.core.culprits.priors import FailureHistory, estimate_priors

OUTCOMES = {
    "p": ProbeOutcome.PASSED,
    "f": ProbeOutcome.FAILED,
    "a": ProbeOutcome.ABSENT,
    "s": ProbeOutcome.SKIPPED,
    "u": ProbeOutcome.UNTESTABLE,
}


def evidence(*observations: str) -> Evidence:
    """Return evidence from the outcomes at each position: ``"pp"`` is two passes, ``""`` an unobserved position."""
    size = len(observations)
    priors = estimate_priors(FailureHistory(passes=50), [0.0] * (size - 1))
    result = Evidence([f"c{position}" for position in range(size)], priors)
    for position, outcomes in enumerate(observations):
        for letter in outcomes:
            result.observe(position, OUTCOMES[letter])
    return result


def test_counts_and_observed_positions() -> None:
    observed = evidence("pp", "", "u", "fpf")
    assert observed.counts.passed == (2, 0, 0, 1)
    assert observed.counts.failed == (0, 0, 0, 2)
    assert observed.run_count == 5
    assert [observed.is_observed(position) for position in range(4)] == [True, False, True, True]
    assert [observed.is_observable(position) for position in range(4)] == [True, True, False, True]


def test_observability_is_interpolated_between_observations() -> None:
    assert evidence("p", "", "", "", "u", "", "", "", "f").observability() == [
        1,
        0.75,
        0.5,
        0.25,
        0,
        0.25,
        0.5,
        0.75,
        1,
    ]


def test_observability_between_untestable_positions_is_small_but_not_zero() -> None:
    assert evidence("u", "", "", "u", "f").observability() == [0, MIN_OBSERVABILITY, MIN_OBSERVABILITY, 0, 1]


def test_culprit_needs_a_failure_there_and_a_pass_before() -> None:
    partial = evidence("p", "", "ff")
    hypothesis = partial.hypothesis()
    assert set(partial.unconfirmed(hypothesis)) <= {0, 1, 2}
    confirmed = evidence("p", "pp", "ff")
    hypothesis = confirmed.hypothesis()
    assert (hypothesis.first, hypothesis.last) == (2, 2)
    assert confirmed.unconfirmed(hypothesis) == []


def test_unconfirmed_pass_before_the_culprit() -> None:
    observed = evidence("p", "p", "", "f", "ff")
    hypothesis = observed.hypothesis()
    expected = {3: [2], 2: [2]}[hypothesis.last]
    assert observed.unconfirmed(hypothesis) == expected


@pytest.mark.parametrize(
    ("observed", "kind", "suspects"),
    [
        (("p", "pp", "ff", "f"), AttributionKind.CULPRIT, ("c2",)),
        (("ff", "", "", "ff"), AttributionKind.PRE_EXISTING, ()),
        (("a", "a", "ff", "f"), AttributionKind.INTRODUCED, ("c2",)),
        (("s", "s", "ff", "f"), AttributionKind.INTRODUCED, ("c2",)),
        (("pp", "u", "u", "ff"), AttributionKind.AMBIGUOUS, ("c1", "c2", "c3")),
        (("u", "u", "ff", "f"), AttributionKind.AMBIGUOUS, ("c1", "c2")),
    ],
)
def test_attribution(observed: tuple[str, ...], kind: AttributionKind, suspects: tuple[str, ...]) -> None:
    collected = evidence(*observed)
    attribution = collected.attribute(collected.hypothesis())
    assert (attribution.kind, attribution.suspects) == (kind, suspects)
    assert 0 < attribution.confidence <= 1
    assert bool(attribution.reason) == (kind is AttributionKind.AMBIGUOUS)


def test_reason_names_the_revisions_in_between() -> None:
    collected = evidence("pp", "u", "a", "ff")
    attribution = collected.attribute(collected.hypothesis())
    assert attribution.reason == "cannot be tested at c1, does not exist at c2"


def test_evidence_of_an_attribution_leaves_out_unobserved_revisions() -> None:
    attribution = evidence("p", "", "u", "f").attribute_ambiguous("no time left")
    assert [observation.oid for observation in attribution.evidence] == ["c0", "c2", "c3"]
    assert (attribution.run_count, attribution.failure_count) == (2, 1)
    assert attribution.reason == "no time left"


def test_test_that_mostly_passes_is_flaky_when_the_search_ends() -> None:
    attribution = evidence("ppp", "ppp", "ppp", "fppp").attribute_ambiguous("no time left")
    assert attribution.kind is AttributionKind.FLAKY


def test_suspects_never_include_the_base() -> None:
    attribution = evidence("", "", "", "f").attribute_ambiguous("no time left")
    assert "c0" not in attribution.suspects
