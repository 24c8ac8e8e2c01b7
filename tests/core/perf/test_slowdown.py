"""Summaries and culprits of slowdowns."""

from __future__ import annotations

from batchhook.core.perf.significance import Conclusion, TimingComparison
from batchhook.core.perf.slowdown import Slowdown, count_phrase, summarize_slowdowns

CULPRIT, OTHER = "0123456789" * 4, "89abcdef" * 5


def slowdown(
    ratio: float, *suspects: str, is_module: bool = False, conclusion: Conclusion = Conclusion.SLOWER
) -> Slowdown:
    return Slowdown("m", TimingComparison(conclusion, 1.0, ratio, 0.01), is_module, suspects)


def test_culprit_is_the_only_suspect_of_a_confirmed_slowdown() -> None:
    assert slowdown(2.0, CULPRIT).culprit == CULPRIT
    assert slowdown(2.0, CULPRIT, OTHER).culprit == ""
    assert slowdown(2.0, CULPRIT, conclusion=Conclusion.INCONCLUSIVE).culprit == ""


def test_summary_by_culprit() -> None:
    slowdowns = [slowdown(2.0, CULPRIT), slowdown(3.0), slowdown(1.5, OTHER), slowdown(4.0, OTHER, is_module=True)]
    assert summarize_slowdowns(slowdowns) == (
        "89abcdef made 1 test and 1 module slower (up to 4.0 times), "
        "01234567 made 1 test slower (2.0 times), 1 test slower (3.0 times)"
    )


def test_unconfirmed_slowdowns_are_not_summarized() -> None:
    assert summarize_slowdowns([slowdown(2.0, CULPRIT, conclusion=Conclusion.INCONCLUSIVE)]) == ""


def test_count_phrase() -> None:
    assert count_phrase([slowdown(2.0), slowdown(2.0), slowdown(2.0, is_module=True)]) == "2 tests and 1 module"
    assert count_phrase([]) == ""
