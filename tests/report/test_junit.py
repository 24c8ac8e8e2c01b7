"""JUnit XML: whatever tests are called and say, it is valid for those who read it, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from lxml import etree

from batchhook.core.results import Outcome, TestResult, count_results
from batchhook.core.test_ids import is_fixture, is_node_id
from batchhook.report.files import junit as module
from batchhook.report.files.junit import junit, legal

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit-10.xsd")))


def read(results: list[TestResult], duration: float = 1.5) -> etree._Element:
    document = junit(results, name="batchhook", started_at=1_700_000_000, duration=duration)
    root = etree.fromstring(document)
    SCHEMA.assertValid(root)
    return root


def id_of(case: etree._Element) -> str:
    name, group = case.get("name", ""), case.get("classname", "")
    return name if is_fixture(name) or not group else f"{group}.{name}"


def result(name: str, outcome: Outcome = Outcome.PASSED, **fields: object) -> TestResult:
    given_module = str(fields.pop("module", "pkg.test_x"))
    return TestResult(name, given_module, outcome, **fields)  # type: ignore[arg-type]


def test_each_outcome_has_its_element() -> None:
    outcomes = {outcome: f"pkg.test_x.TestX.test_{outcome.name.lower()}" for outcome in Outcome}
    root = read([result(name, outcome, message="why\nso") for outcome, name in outcomes.items()])
    found = {id_of(case): [child.tag for child in case] for case in root.iter("testcase")}
    assert found == {
        outcomes[Outcome.PASSED]: [],
        outcomes[Outcome.EXPECTED_FAILURE]: [],
        outcomes[Outcome.XPASSED]: [],
        outcomes[Outcome.SKIPPED]: ["skipped"],
        outcomes[Outcome.FAILED]: ["failure"],
        outcomes[Outcome.UNEXPECTED_SUCCESS]: ["failure"],
        outcomes[Outcome.ERRORED]: ["error"],
        outcomes[Outcome.CRASHED]: ["error"],
        outcomes[Outcome.TIMED_OUT]: ["error"],
    }
    (suite,) = root
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["9", "2", "3", "1"]
    assert [root.get(name) for name in ("tests", "failures", "errors", "time")] == ["9", "2", "3", "1.500"]
    assert suite.get("timestamp") == "2023-11-14T22:13:20"
    assert root.xpath("//error[@type='TimedOut']/@message") == ["why\nso"]


def test_a_failure_has_location_and_traceback() -> None:
    failed = result(
        "pkg.test_x.TestX.test_y",
        Outcome.FAILED,
        error_type="AssertionError",
        message="1 != 2",
        location="tests/pkg/test_x.py:45",
        traceback='Traceback\n  File "/var/tmp/batchhook-1000/0123456789ab/1/project/tests/pkg/test_x.py", line 45\n',
        subtests_failed=9604,
        note="data is not committed",
    )
    root = read([failed])
    (case,) = root.iter("testcase")
    assert (case.get("classname"), case.get("name")) == ("pkg.test_x.TestX", "test_y")
    (failure,) = case
    assert failure.text == (
        'tests/pkg/test_x.py:45\n9604 subtests failed\ndata is not committed\nTraceback\n  File "tests/pkg/test_x.py", '
        "line 45\n"
    )
    assert root[0].get("file") == "tests/pkg/test_x.py"


@pytest.mark.parametrize(
    ("name", "group", "short"),
    [
        ("pkg.test_x.Outer.Inner.test_y", "pkg.test_x.Outer.Inner", "test_y"),
        ("pkg.test_x.TestX.test_half_0.5", "pkg.test_x.TestX", "test_half_0.5"),
        ("pkg.test_x.TestX.runTest", "pkg.test_x.TestX", "runTest"),
        ("setUpClass (pkg.test_x.TestX)", "pkg.test_x.TestX", "setUpClass (pkg.test_x.TestX)"),
        ("unittest.loader._FailedTest.pkg.test_x", "unittest.loader._FailedTest", "pkg.test_x"),
        ("elsewhere.TestZ.test_y", "elsewhere.TestZ", "test_y"),
        ("lonely", None, "lonely"),
    ],
)
def test_names(name: str, group: str | None, short: str) -> None:
    (case,) = read([result(name)]).iter("testcase")
    assert (case.get("classname"), case.get("name")) == (group, short)


def test_a_failure_comes_before_an_equal_name_that_passed() -> None:
    name = "pkg.test_x.TestX.test_y"
    cases = list(read([result(name), result(name, Outcome.FAILED)]).iter("testcase"))
    assert [len(case) for case in cases] == [1, 0]


def test_many_long_tracebacks_stay_below_gitlabs_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TEXT", 1000)
    long = [
        result(f"pkg.test_x.TestX.test_{number}", Outcome.FAILED, traceback="x" * 400, location="a.py:1")
        for number in range(50)
    ]
    document = junit(long, name="n", started_at=0, duration=0)
    assert document.count(b"x" * 400) == 2
    assert document.count(b"a.py:1") == 50


ANY = st.text(st.characters(exclude_categories=[]), max_size=12)
RESULTS = st.builds(
    TestResult,
    test_id=ANY.filter(lambda text: not is_node_id(text) and not text.endswith(":")),  # no suite without a test
    module=ANY,
    outcome=st.sampled_from(Outcome),
    duration=st.floats(-1, 1e6),
    error_type=ANY,
    message=ANY,
    location=ANY,
    traceback=ANY,
    subtests_failed=st.integers(0, 10_000),
    note=ANY,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(RESULTS, max_size=6), ANY)
def test_any_texts_are_valid_and_ids_come_back(results: list[TestResult], name: str) -> None:
    document = junit(results, name=name, started_at=0.0, duration=3.0)
    root = etree.fromstring(document)
    SCHEMA.assertValid(root)
    assert sorted(map(id_of, root.iter("testcase"))) == sorted(legal(one.test_id) for one in results)
    totals = count_results(results)
    assert int(root.get("failures", "")) == totals.failed == len(root.findall(".//failure"))
    assert int(root.get("errors", "")) == totals.errored == len(root.findall(".//error"))
    assert sum(int(suite.get("skipped", "")) for suite in root) == totals.skipped


def test_node_ids_are_split_as_in_the_reports_of_pytest() -> None:
    names = ("tests/t.py::test_x[a.b]", "tests/t.py::TestA::test_y", "tests/t.py")
    root = read([result(name, module="tests/t.py") for name in names])
    assert [(case.get("classname"), case.get("name")) for case in root.iter("testcase")] == [
        ("tests.t", "test_x[a.b]"),
        ("tests.t.TestA", "test_y"),
        (None, "tests/t.py"),
    ]
    assert next(root.iter("testsuite")).get("file") == "tests/t.py"
