"""``ci_test_results.json`` in the shape of old, and baselines that are read back."""

from __future__ import annotations

import json

from batchhook.core.comparison import compare
from batchhook.core.results import Outcome, TestResult
from batchhook.report.json_models import (
    BaselineResultsDocument,
    baseline_results_document,
    ci_results_document,
    results_of_baseline,
)

MODULE = "test_orchestration"
FAILED = TestResult(
    f"{MODULE}.TestOrchestrator.test_stage_execution",
    MODULE,
    Outcome.FAILED,
    0.25,
    error_type="AssertionError",
    message="Expected 'completed' but got 'failed'",
    location="test_orchestration.py:45",
    traceback="Traceback …",
)
OTHERS = (
    TestResult(f"{MODULE}.TestOrchestrator.test_retry", MODULE, Outcome.PASSED, 0.5),
    TestResult("test_more.T.test_a", "test_more", Outcome.SKIPPED),
    TestResult("setUpClass (test_more.T)", "test_more", Outcome.ERRORED),
    TestResult("test_more.T.test_b", "test_more", Outcome.CRASHED),
    TestResult("test_more.T.test_\ud800", "test_more", Outcome.UNEXPECTED_SUCCESS),
)


def test_the_shape_is_the_old_one() -> None:
    document = ci_results_document([FAILED, OTHERS[0]], started_at=1_700_000_000, duration=45.23)
    found = json.loads(document.model_dump_json())
    assert found.pop("timestamp") == "2023-11-14T22:13:20+00:00"
    assert found == {
        "overall_success": False,
        "total_duration": 45.23,
        "modules": {
            "test_orchestration": {
                "total_tests": 2,
                "passed": 1,
                "failed": 1,
                "skipped": 0,
                "errors": 0,
                "duration": 0.75,
                "failures": [
                    {
                        "test_name": "test_stage_execution",
                        "test_class": "test_orchestration.TestOrchestrator",
                        "error_type": "FAIL",
                        "message": "Expected 'completed' but got 'failed'",
                        "file_location": "test_orchestration.py:45",
                        "traceback": "Traceback …",
                        "module": "test_orchestration",
                    }
                ],
            }
        },
    }


def test_overall_success() -> None:
    assert ci_results_document([OTHERS[0]], started_at=0, duration=0).overall_success
    assert not ci_results_document([], started_at=0, duration=0, success=False).overall_success


def test_a_baseline_holds_every_test_and_comes_back() -> None:
    results = (FAILED, *OTHERS)
    document = baseline_results_document(results, commit="1" * 40, started_at=0, duration=1, tracebacks=False)
    text = document.model_dump_json()
    assert "Traceback" not in text
    before = results_of_baseline(BaselineResultsDocument.model_validate_json(text))
    found = compare(results[:-1], before).overall
    assert found.newly_failing == found.fixed == found.added == ()
    assert found.removed == ("test_more.T.test_\\ud800",)
    assert len(found.still_failing) == 3


def test_a_baseline_without_tests_holds_failures() -> None:
    document = ci_results_document((FAILED, *OTHERS[:4]), started_at=0, duration=1)
    before = results_of_baseline(BaselineResultsDocument.model_validate_json(document.model_dump_json()))
    assert {(one.test_id, one.outcome) for one in before} == {
        (FAILED.test_id, Outcome.FAILED),
        ("setUpClass (test_more.T)", Outcome.ERRORED),
        ("test_more.T.test_b", Outcome.ERRORED),
    }
