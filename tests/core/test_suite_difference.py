"""What a reader must know when two runs are compared that saw another Python or other packages."""

from __future__ import annotations

import pytest

from batchhook.core.comparison import compare
from batchhook.core.results import Outcome, TestResult
from batchhook.core.suite_difference import describe_difference, other_python

A = {"python": "/a/bin/python 3.11.2", "distributions": "1"}
B = {"python": "/b/bin/python 3.11.2", "distributions": "2"}


@pytest.mark.parametrize(
    ("suite", "earlier", "sentence"),
    [
        (A, A, ""),
        (A, B, "ran under another Python than batch 1: /a/bin/python 3.11.2 instead of /b/bin/python 3.11.2"),
        (A, {**A, "python": "/a/bin/python 3.11.1"}, "ran under another Python than batch 1: "),
        (A, {**A, "distributions": "2"}, "ran with other installed packages than batch 1, under the same Python"),
        (A, {**A, "isolation": "in-place"}, ""),
        (A, {}, ""),
        ({}, A, ""),
    ],
)
def test_another_python_or_other_packages_are_said(
    suite: dict[str, object], earlier: dict[str, object], sentence: str
) -> None:
    text = describe_difference(suite, earlier, "batch 1")
    assert text.startswith(sentence)
    assert bool(text) == bool(sentence)
    assert other_python(suite, earlier) == (str(earlier["python"]) if "another Python" in sentence else "")


def test_a_test_that_fails_without_the_changes_is_not_newly_failing() -> None:
    before = [TestResult(name, "m", Outcome.PASSED) for name in ("m.a", "m.b", "m.c")]
    now = [TestResult(name, "m", Outcome.FAILED) for name in ("m.a", "m.b")] + [before[2]]
    compared = compare(now, before).excuse({"m.a", "m.c"})
    for each in (compared.overall, compared.by_module["m"]):
        assert each.newly_failing == ("m.b",)
        assert each.failing_without_changes == ("m.a",)
    assert not compare(now[:1], before[:1]).excuse({"m.a"}).overall.is_regression
