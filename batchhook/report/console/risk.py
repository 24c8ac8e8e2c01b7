"""Predictions for changes, and how predictions do on the history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from batchhook.core.plural import plural
from batchhook.core.prediction.evaluation import MODEL, Evaluation
from batchhook.core.prediction.prediction import ChangeRisk
from batchhook.core.sanitize import one_line
from batchhook.report.console.layout import Grid, Line, hints, section, unbroken

_MAX_TESTS = 3
"""Tests that are shown for each change."""
_MIN_PROBABILITY = 0.005
"""Of a test that is shown."""


def changes(risks: Sequence[ChangeRisk], rate: float, evaluation: Evaluation) -> Iterator[RenderableType]:
    """Yield one line for each change, with the reasons, and the tests that it is most likely to break.

    Args:
        risks: oldest first.
        rate: share of all changes that broke a test.
        evaluation: of such predictions.
    """
    if evaluation.shortage:
        yield shortage(evaluation)
        return
    if not risks:
        yield Line("No change to assess: everything is pushed, and the open batch is empty.")
        return
    grid = Grid(("right bold", "left", "left"), header=("risk", "change", "reasons"))
    for risk in risks:
        name = f"{risk.change.oid[:8]} {one_line(risk.change.subject)}"
        grid.add(_percent(risk.probability), unbroken(name), ", ".join(risk.reasons) or "nothing unusual")
    yield grid
    yield Line(f"\n{_percent(rate)} of the tested changes broke a test.", style="dim")
    for risk in risks:
        likely = [(test, each) for test, each in risk.tests.items() if each >= _MIN_PROBABILITY][:_MAX_TESTS]
        if likely:
            yield section(f"{risk.change.oid[:8]} is most likely to break")
            tests = Grid(("right", "left"), indent=2)
            for test, probability in likely:
                tests.add(_percent(probability), unbroken(one_line(test)))
            yield tests
    if not evaluation.ranks_changes:
        yield Line("\nOn this history, simple rules tell risky changes as well as these numbers.", style="yellow")
        yield hints(("batchhook risk --evaluate", "compares them"))


def evaluation(figures: Evaluation) -> Iterator[RenderableType]:
    """Yield the figures of predictions and of the simple rules, and what predictions are used for."""
    if figures.shortage:
        yield shortage(figures)
        return
    yield Line(
        f"{figures.judged} of {plural(figures.changes, 'tested change')} were judged by earlier ones only; "
        f"{figures.judged_breaking} of them broke a test, in {plural(figures.failing_batches, 'batch', 'batches')}."
    )
    yield section("tests")
    grid = Grid(
        ("left", "right", "right", "right"), header=("order", "area", "tests to 1st failure", "seconds"), indent=2
    )
    for name, ranking in figures.tests.items():
        first = ranking.first_failure
        cells = (f"{ranking.average_precision:.3f}", f"{first.tests:.1f}", f"{first.seconds:.2f}")
        grid.add(name, *cells, style="bold" if name == MODEL else "")
    yield grid
    yield section("changes")
    grid = Grid(("left", "right"), header=("order", "area"), indent=2)
    for name, precision in figures.change_precision.items():
        grid.add(name, f"{precision:.3f}", style="bold" if name == MODEL else "")
    yield grid
    yield Line(
        "\narea: under the precision-recall curve; 1 is perfect. Squared error of the probabilities: "
        f"{figures.brier:.3f}, of the usual rate {figures.brier_of_rate:.3f}.",
        style="dim",
    )
    yield section("used for")
    for use, is_used, missing in (
        ("the order of tests", figures.ranks_tests, "a rule finds the first failure as soon, or is as precise"),
        ("suspects in the search for culprits", figures.names_suspects, "a rule is as precise"),
        ("the risk of changes, adaptive batch sizes", figures.ranks_changes, "a rule or the usual rate is as good"),
    ):
        yield Line(f"{use}: {'yes' if is_used else f'no, {missing}'}", indent=2)


def shortage(figures: Evaluation) -> Line:
    """Return why nothing is predicted."""
    return Line(f"Not enough history to predict anything: {figures.shortage}.")


def _percent(probability: float) -> str:
    return f"{probability:.0%}" if probability >= _MIN_PROBABILITY else "<1%"
