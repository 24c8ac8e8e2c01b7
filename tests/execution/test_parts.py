"""Several suites of one project, run as one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchhook.core.results import Outcome, SuiteResult
from batchhook.core.test_stats import TestStats
from batchhook.engines.pytest.engine import PytestEngine
from batchhook.engines.unittest.engine import UnittestEngine
from batchhook.execution.parts import part_spec
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuitePart, SuiteSpec

API = SuitePart("api", "api", Path(sys.executable), {**os.environ, "MODE": "fast"}, PytestEngine(), 20.0)
WEB = SuitePart("web", "", Path(sys.executable), dict(os.environ), UnittestEngine("web"), 20.0)

API_TESTS = """\
import os
def test_mode(): assert os.environ['MODE'] == 'fast'
def test_sum(): assert 1 + 1 == 3
"""


@pytest.fixture
def spec(tmp_path: Path) -> SuiteSpec:
    files = {
        "api/tests/test_calc.py": API_TESTS,
        "web/test_page.py": "import unittest\nclass T(unittest.TestCase):\n    def test_page(self): pass\n",
    }
    for name, text in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "scratch").mkdir()
    return SuiteSpec(
        Path(sys.executable), tmp_path / "root", dict(os.environ), tmp_path / "scratch", parts=(API, WEB), jobs=1
    )


def outcomes(result: SuiteResult) -> Mapping[str, Outcome]:
    assert not result.broken_reason
    return {each.test_id: each.outcome for each in result.results}


def test_each_suite_runs_under_its_own_framework_and_variables(spec: SuiteSpec) -> None:
    result = run_suite(spec)
    assert outcomes(result) == {
        "api:tests/test_calc.py::test_mode": Outcome.PASSED,
        "api:tests/test_calc.py::test_sum": Outcome.FAILED,
        "web:test_page.T.test_page": Outcome.PASSED,
    }
    (failure,) = (each for each in result.results if each.outcome is Outcome.FAILED)
    assert (failure.module, failure.location) == ("api:tests/test_calc.py", "api/tests/test_calc.py:3")
    assert result.is_complete
    assert result.totals.tests == 3


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("api:tests/test_calc.py::test_mode", ["api:tests/test_calc.py::test_mode"]),
        ("api/tests/test_calc.py", ["api:tests/test_calc.py::test_mode", "api:tests/test_calc.py::test_sum"]),
        ("web:test_page", ["web:test_page.T.test_page"]),
        ("web:", ["web:test_page.T.test_page"]),
        ("api/", ["api:tests/test_calc.py::test_mode", "api:tests/test_calc.py::test_sum"]),
        ("test_page.T", ["web:test_page.T.test_page"]),
        ("web/test_page.py", ["web:test_page.T.test_page"]),
    ],
)
def test_tests_are_selected_by_id_or_path(spec: SuiteSpec, word: str, expected: list[str]) -> None:
    result = run_suite(replace(spec, only=(word,)))
    assert list(outcomes(result)) == expected
    assert not result.is_complete


def test_nothing_is_selected(spec: SuiteSpec) -> None:
    result = run_suite(replace(spec, only=("nosuch",)))
    assert (result.broken_reason, result.hint) == ("None of the selected tests exists.", "The suites are: api, web.")


def test_a_suite_that_cannot_run_is_a_failure_beside_the_others(spec: SuiteSpec) -> None:
    (spec.root / "api" / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    result = run_suite(spec)
    assert outcomes(result) == {"api:.": Outcome.ERRORED, "web:test_page.T.test_page": Outcome.PASSED}
    assert "unrecognized arguments: --no-such-option" in result.results[0].message
    elsewhere = run_suite(replace(spec, only=("api:.", "api:tests/test_calc.py::test_mode"), from_other_tree=True))
    assert outcomes(elsewhere) == {"api:.": Outcome.ERRORED}
    (spec.root / "api" / "pytest.ini").unlink()
    assert outcomes(run_suite(replace(spec, only=("api:.",), from_other_tree=True))) == {"api:.": Outcome.PASSED}


def test_the_whole_is_broken_if_no_suite_can_run(spec: SuiteSpec) -> None:
    (spec.root / "api" / "tests" / "test_calc.py").unlink()
    (spec.root / "web" / "test_page.py").unlink()
    result = run_suite(spec)
    assert result.broken_reason == (
        "api: pytest collects no tests.; web: No tests were found in `web` (files named `test*.py`)."
    )


def test_what_is_known_of_tests_goes_to_their_suite(spec: SuiteSpec) -> None:
    stats = TestStats({"api:a": 1.0, "web:b": 2.0}, *[frozenset({"api:a", "web:b"})] * 4)
    known: Any = replace(spec, stats=stats, limits={"web:b": 3.0}, changed_files=frozenset({"api/x.py", "y.py"}))
    api, web = (part_spec(known, part) for part in (API, WEB))
    assert api is not None
    assert web is not None
    assert api.stats == TestStats({"a": 1.0}, *[frozenset({"a"})] * 4)
    assert (api.limits, web.limits) == ({}, {"b": 3.0})
    assert (api.changed_files, web.changed_files) == (frozenset({"x.py"}), frozenset({"api/x.py", "y.py"}))
