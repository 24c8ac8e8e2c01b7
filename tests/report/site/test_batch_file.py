"""The page of a batch: all that matters is on it, nothing that others wrote is obeyed, and it does not grow."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from batchhook.core.analysis import Analysis
from batchhook.core.culprits.attribution import Attribution, AttributionKind, Observation
from batchhook.core.perf.significance import Conclusion, TimingComparison
from batchhook.core.perf.slowdown import Slowdown
from batchhook.core.results import Outcome, TestResult
from batchhook.core.summaries import RunPoint
from batchhook.core.verdict import Verdict
from batchhook.core.views.batch import BatchView
from batchhook.core.views.batch_rows import BatchRow
from batchhook.core.views.patch import failing_places, mark_failing, parse_patch
from batchhook.report.site.charts import WIDTH, durations_of_batches, share_of_outcomes, slowest_tests
from batchhook.report.site.pages import render_batch_file
from tests.report.analyses import OIDS, analysis, culprit, failing, passing, past, slower
from tests.report.site.markup import ATTRIBUTES, KNOWN, Parsed

EVIL = (
    "\"'></code></pre></summary></title></style><script>alert(1)</script><img src=x onerror=alert(2)>&amp;{{ 7 * 7 }}"
)


def render_batch_page(analysis: Analysis, history: Sequence[RunPoint], **more: Any) -> str:  # noqa: ANN401 - fields
    """The page of a batch in one file."""
    batch = analysis.batch
    row = BatchRow(
        *(batch.id, batch.branch, batch.quota, batch.status, batch.filled, batch.sealed_at, batch.base, batch.head),
        verdict=analysis.verdict,
        totals=analysis.result.totals,
    )
    return render_batch_file(BatchView(batch, row, analysis, analysis.edits, tuple(history), **more))


def is_harmless(page: str) -> Parsed:
    """The page, parsed; nothing on it is anything but what the template has."""
    parsed = Parsed(page)
    assert parsed.tags <= KNOWN, parsed.tags - KNOWN
    assert set(parsed.attributes) <= ATTRIBUTES, set(parsed.attributes) - ATTRIBUTES
    assert set(parsed.attributes.get("href", [])) <= {"#main"}
    assert "url(" not in parsed.style
    assert "@import" not in parsed.style
    return parsed


def test_the_page_has_culprits_evidence_and_tracebacks() -> None:
    result = failing(traceback='Traceback:\n  File "subject.py", line 3, in f\n    1 < 2\n', note="lacks data.csv")
    found = analysis([result, passing()], before=[passing()], attributions={result.test_id: culprit()})
    parsed = is_harmless(render_batch_page(found, past(3)))
    said = " ".join(parsed.shown.split())
    for expected in (
        "Batch 2 ‼ critical",
        "Failed: CRITICAL, 1 of 2 tests (50%)",
        f"{OIDS[2][:8]} subject broke 1 test",
        "subject <ada@example.org>",
        f"passed at {OIDS[1][:8]}, failed here (99.7 % sure)",
        "M subject.py",
        "AssertionError: 1 != 2",
        'File "subject.py", line 3, in f',
        "lacks data.csv",
        "Differences since batch 1",
        "1 newly failing",
        "Slowest tests",
        "0.250 s pkg.test_x.TestX.test_z",
        "Duration of the suite, batch by batch",
        "batchhook rollback 2 --culprit",
    ):
        assert expected in said


def test_failures_without_a_culprit_are_grouped_by_kind() -> None:
    tests = [failing(f"pkg.test_x.TestX.test_{number}") for number in range(3)]
    kinds = (AttributionKind.FLAKY, AttributionKind.PRE_EXISTING, AttributionKind.AMBIGUOUS)
    seen = (Observation(OIDS[0], failed=2, passed=3),)
    found = {
        test.test_id: Attribution(kind, 0.9, (), seen, "time ran out" if kind is AttributionKind.AMBIGUOUS else "")
        for test, kind in zip(tests, kinds, strict=True)
    }
    said = is_harmless(render_batch_page(analysis(tests, attributions=found), [])).shown
    assert "Flaky, not broken by any of the changes: 1" in said
    assert "failed in 2 of 5 runs" in said
    assert "Already failing before this batch: 1" in said
    assert "No culprit found: 1" in said
    assert "time ran out" in said


def test_a_suite_that_could_not_run_says_why() -> None:
    found = analysis([])
    broken = replace(found, verdict=Verdict.BROKEN, result=replace(found.result, broken_reason=EVIL, hint="fix it"))
    said = is_harmless(render_batch_page(broken, [])).shown
    assert "Could not be tested" in said
    assert EVIL in said
    assert "fix it" in said


def test_slowdowns_and_metrics() -> None:
    said = " ".join(
        is_harmless(render_batch_page(slower(analysis([passing()]), reason="it is too noisy"), [])).shown.split()
    )
    assert f"{OIDS[1][:8]} subject made 1 test slower up to 2.6 times" in said
    assert "pkg.test_x.TestX.test_slow 31 → 82 ms, 2.6 times" in said
    assert "possibly slower (inconclusive): 1 module" in said
    assert "module pkg.test_x.TestX.test_slows 31 → 82 ms, 2.6 times; it is too noisy" in said
    assert "pkg.test_x.TestX.test_slow: is_fine true" in said
    evil = render_batch_page(slower(analysis([passing()], text=EVIL), EVIL, EVIL), [])
    assert EVIL in is_harmless(evil).shown


def test_untrusted_text_stays_text() -> None:
    result = failing(EVIL, module=EVIL, error_type=EVIL, message=EVIL, location=EVIL, traceback=EVIL, note=EVIL)
    found = analysis([result, passing(EVIL)], before=[passing(f"{EVIL} gone")], text=EVIL)
    for attributions in ({}, {EVIL: culprit()}):
        page = render_batch_page(replace(found, attributions=attributions, python=EVIL), past(3))
        assert EVIL in is_harmless(page).shown
        assert "<script" not in page
        assert "49" not in page.replace("49;", ""), "a template in a template is not run"


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(exclude_categories=())), st.text("<>&\"'`{}%#/\\ab\u202e\udcff\x00\x1b\n", max_size=40))
def test_no_text_whatever_makes_a_tag(one: str, other: str) -> None:
    result = failing(f"m.T.{one}", module=other, message=one, error_type=other, location=one, traceback=other)
    page = render_batch_page(analysis([result], text=other, attributions={result.test_id: culprit()}), past(2))
    is_harmless(page)
    page.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)


def test_nothing_is_loaded_and_no_style_but_ours_is_taken() -> None:
    page = render_batch_page(analysis([failing()]), past(5))
    parsed = is_harmless(page)
    (policy,) = [value for value in parsed.attributes["content"] if "default-src" in value]
    digest = base64.b64encode(hashlib.sha256(parsed.style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"(?i)\b(?:https?|ftp|file|data|javascript):", page)
    assert "prefers-color-scheme: dark" in parsed.style


def test_thousands_of_failures_make_no_page_of_a_hundred_megabytes() -> None:
    text = "x" * 16_000
    many = [failing(f"pkg.test_x.TestX.test_{number}", traceback=text) for number in range(5_000)]
    for attributions in ({}, {test.test_id: culprit() for test in many}):
        page = render_batch_page(analysis(many, attributions=attributions), [])
        assert len(page) < 2_000_000
        said = is_harmless(page).shown
        assert "4800 more failing tests" in said
        assert "and 4700 more" in said
        assert "Traceback left out here: batchhook analyze 2 --tracebacks" in said


def test_thousands_of_groups_are_counted() -> None:
    many = [failing(f"m{number}.T.test", module=f"m{number}", traceback="x" * 16_000) for number in range(3_000)]
    page = render_batch_page(analysis(many), [])
    assert len(page) < 2_000_000
    said = is_harmless(page).shown
    assert "2940 more groups of failing tests" in said
    assert "and 2800 more modules" in said


def test_a_test_with_thousands_of_failing_subtests_is_one() -> None:
    said = is_harmless(render_batch_page(analysis([failing(subtests_failed=9_604, traceback="y\n" * 8_000)]), [])).shown
    assert "9604 subtests failed" in said
    assert "pkg.test_x: 1 failing" in said


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_bars_stay_in_the_picture(durations: list[float]) -> None:
    results = [TestResult(f"m.T.{place}", "m", Outcome.PASSED, seconds) for place, seconds in enumerate(durations)]
    runs = [replace(run, duration=seconds) for run, seconds in zip(past(len(durations)), durations, strict=True)]
    assert all(0 < bar.share <= 100 for bar in slowest_tests(results))
    for plot in (
        durations_of_batches(runs),
        share_of_outcomes(analysis(results).result.totals),
    ):
        for bar in plot.bars:
            assert bar.x >= 0
            assert bar.y >= 0
            assert bar.width > 0
            assert bar.x + bar.width <= WIDTH + 0.1
            assert bar.y + bar.height <= plot.height + 0.1


@pytest.mark.parametrize("number", [0, 1, 2])
def test_one_batch_is_no_plot(number: int) -> None:
    assert ("batch by batch" in render_batch_page(analysis([passing()]), past(number))) is (number > 1)


def test_slowdowns_of_one_change_are_one_group() -> None:
    judged = TimingComparison(Conclusion.SLOWER, 0.031, 0.082, 0.001)
    many = tuple(Slowdown(f"pkg.test_x.TestX.test_{each}", judged, suspects=(OIDS[1],)) for each in range(130))
    page = render_batch_page(replace(analysis([passing()]), slowdowns=many), [])
    said = " ".join(is_harmless(page).shown.split())
    assert page.count("made 130 tests slower") == 1
    assert "130 measurements" in said
    assert "and 30 more" in said


def test_the_guilty_change_is_shown_with_the_line_that_fails() -> None:
    result = failing()
    text = "diff --git a/pkg/test_x.py b/pkg/test_x.py\n--- a/pkg/test_x.py\n+++ b/pkg/test_x.py\n"
    text += "@@ -44 +44,2 @@ def test_y(self):\n-    old\n+    <b>new</b>\n+    assert False\n"
    patch = mark_failing(parse_patch(text, 50), failing_places([result]))
    found = analysis([result], attributions={result.test_id: culprit()})
    page = render_batch_page(found, [], patches={OIDS[2]: patch})
    said = " ".join(is_harmless(page).shown.split())
    assert "What it changed, with the lines that fail" in said
    assert "45+ assert False ← fails here" in re.sub(r"(\d) \+", r"\1+", said)
    assert page.count("← fails here") == 1
    assert "&lt;b&gt;new&lt;/b&gt;" in page


def test_headings_are_in_order() -> None:
    result = failing()
    page = render_batch_page(slower(analysis([result], attributions={result.test_id: culprit()})), past(3))
    levels = Parsed(page).levels
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
