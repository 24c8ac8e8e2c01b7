"""Analyses for tests of reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from batchhook.core.analysis import Analysis
from batchhook.core.batch import Batch, BatchQuota, BatchStatus
from batchhook.core.commit import Commit, EditStatus, FileEdit
from batchhook.core.comparison import compare
from batchhook.core.culprits.attribution import Attribution, AttributionKind, Observation
from batchhook.core.perf.significance import Conclusion, TimingComparison
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import Outcome, SuiteResult, TestResult
from batchhook.core.summaries import RunPoint
from batchhook.core.verdict import judge_suite

OIDS = tuple(f"{number}" * 40 for number in range(1, 6))
BASE = "0" * 40


def failing(name: str = "pkg.test_x.TestX.test_y", **more: object) -> TestResult:
    """A failing test."""
    given = {
        "module": "pkg.test_x",
        "outcome": Outcome.FAILED,
        "error_type": "AssertionError",
        "message": "1 != 2",
        "location": "pkg/test_x.py:45",
        "traceback": 'Traceback (most recent call last):\n  File "pkg/test_x.py", line 45, in test_y\n',
        **more,
    }
    return replace(TestResult(name, "", Outcome.FAILED), **given)  # type: ignore[arg-type]


def passing(name: str = "pkg.test_x.TestX.test_z") -> TestResult:
    """A passing test."""
    return TestResult(name, "pkg.test_x", Outcome.PASSED, 0.25)


def analysis(
    results: Sequence[TestResult],
    *,
    before: Sequence[TestResult] = (),
    attributions: Mapping[str, Attribution] | None = None,
    text: str = "subject",
) -> Analysis:
    """Return the analysis of a batch of five changes; ``text`` is used for all that the author wrote."""
    changes = tuple(
        Commit(oid, f"{oid[::-1]}", (BASE,), BASE, f"{text} <ada@example.org>", 1_700_000_000, 1_700_000_000, text)
        for oid in OIDS
    )
    batch = Batch(
        2,
        f"refs/heads/{text}",
        BatchQuota(5),
        BatchStatus.CLOSING,
        BASE,
        OIDS[-1],
        changes,
        1_700_000_000,
        1_700_000_300,
    )
    outcome = SuiteResult(tuple(results), 12.5)
    return Analysis(
        batch=batch,
        edits={oid: (FileEdit(f"{text}.py", EditStatus.MODIFIED, "100644", "ab" * 32),) for oid in OIDS},
        verdict=judge_suite(outcome, 0.1),
        result=outcome,
        python="/usr/bin/python3 3.11.7",
        tree=changes[-1].tree,
        tested_at=1_700_000_400.0,
        critical_threshold=0.1,
        previous=1 if before else 0,
        since_previous=compare(results, before),
        attributions=attributions or {},
    )


def slower(found: Analysis, name: str = "pkg.test_x.TestX.test_slow", reason: str = "") -> Analysis:
    """Return the same with a test that its second change slowed down, and an inconclusive module."""
    judged = TimingComparison(Conclusion.SLOWER, 0.031, 0.082, 0.001)
    confirmed = Slowdown(name, judged, suspects=(OIDS[1],))
    unclear = Slowdown(f"{name}s", replace(judged, conclusion=Conclusion.INCONCLUSIVE), is_module=True, reason=reason)
    return replace(found, slowdowns=(confirmed, unclear), metrics={name: {reason: name, "is_fine": True, "depth": 7}})


def culprit(oid: str = OIDS[2], confidence: float = 0.997) -> Attribution:
    """Return the attribution of a test that one change broke."""
    evidence = (Observation(OIDS[1], passed=2), Observation(oid, failed=1))
    return Attribution(AttributionKind.CULPRIT, confidence, (oid,), evidence)


def past(number: int) -> list[RunPoint]:
    """Return the runs of some batches."""
    return [
        RunPoint(batch, judge_suite(SuiteResult(), 0.1), 1_700_000_000.0 + batch, 10.0 + batch % 7, 60, batch % 3)
        for batch in range(1, number + 1)
    ]
