from __future__ import annotations

from hypothesis import given, strategies

from batchhook.core.culprits.priors import BASE_SHARE, MAPPED_SHARE, FailureHistory, estimate_priors


def test_a_change_that_affects_the_test_is_most_suspect() -> None:
    priors = estimate_priors(FailureHistory(), [0.0, 9.0, 0.0], [1.0, 0.0, 0.0])
    assert priors.last_break[1] > 0.7


def test_without_impact_the_scores_count() -> None:
    assert estimate_priors(FailureHistory(), [1.0, 2.0], [0.0, 0.0]) == estimate_priors(FailureHistory(), [1.0, 2.0])
    assert estimate_priors(FailureHistory(), [1.0, 2.0], None) == estimate_priors(FailureHistory(), [1.0, 2.0])


@given(
    strategies.lists(
        strategies.tuples(strategies.floats(0, 100), strategies.sampled_from([0.0, 0.1, 0.3, 1.0])),
        min_size=1,
        max_size=9,
    )
)
def test_no_change_is_ever_ruled_out(rows: list[tuple[float, float]]) -> None:
    scores, impact = [score for score, _ in rows], [weight for _, weight in rows]
    priors = estimate_priors(FailureHistory(), scores, impact)
    floor = (1 - BASE_SHARE) * (1 - MAPPED_SHARE) / len(rows)
    assert all(chance >= floor * 0.999 for chance in priors.last_break[1:])
    assert abs(sum(priors.last_break) - 1) < 1e-9
