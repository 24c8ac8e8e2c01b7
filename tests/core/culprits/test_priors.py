"""Prior probabilities of a failing test."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from batchhook.core.culprits.priors import BASE_SHARE, FLAKY_BOUNDS, FailureHistory, estimate_priors

HISTORIES = st.builds(FailureHistory, st.integers(0, 10_000), st.integers(0, 500), st.integers(0, 500))


@given(HISTORIES, st.lists(st.just(0.0) | st.floats(0.001, 100), min_size=1, max_size=50))
def test_priors_are_probabilities(history: FailureHistory, scores: list[float]) -> None:
    priors = estimate_priors(history, scores)
    assert sum(priors.last_break) == pytest.approx(1)
    assert sum(weight for _, weight in priors.flake_rates) == pytest.approx(1, abs=1e-4)
    assert FLAKY_BOUNDS[0] <= priors.no_culprit <= FLAKY_BOUNDS[1]
    assert len(priors.last_break) == len(priors.breaks) == len(priors.fixes) == len(scores) + 1


def test_irrelevant_changes_are_equally_likely() -> None:
    priors = estimate_priors(FailureHistory(), [0.0] * 4)
    assert priors.last_break == pytest.approx((BASE_SHARE, *[(1 - BASE_SHARE) / 4] * 4))


def test_relevant_change_is_more_likely() -> None:
    last_break = estimate_priors(FailureHistory(), [0.0, 3.0, 1.0]).last_break
    assert last_break[2] > last_break[3] > last_break[1] > 0


@pytest.mark.parametrize(
    ("stable", "flaky"),
    [
        (FailureHistory(breaks=3), FailureHistory()),
        (FailureHistory(), FailureHistory(flakes=3)),
        (FailureHistory(flakes=3, breaks=3), FailureHistory(flakes=3)),
    ],
)
def test_history_shifts_the_probability_of_a_flake(stable: FailureHistory, flaky: FailureHistory) -> None:
    assert estimate_priors(stable, [0.0]).no_culprit < estimate_priors(flaky, [0.0]).no_culprit


def test_passes_lower_the_flake_rate() -> None:
    def mean(history: FailureHistory) -> float:
        return sum(rate * weight for rate, weight in estimate_priors(history, [0.0]).flake_rates)

    assert mean(FailureHistory(passes=200)) < mean(FailureHistory(passes=20)) < mean(FailureHistory(flakes=2))
    assert mean(FailureHistory(passes=20_000)) == pytest.approx(mean(FailureHistory(passes=200)))
