from __future__ import annotations

from hypothesis import given, strategies as st

from batchhook.core.failure_groups import critical_failure, group_by_error_type
from batchhook.core.results import Outcome, TestResult

results = st.lists(
    st.builds(
        TestResult,
        test_id=st.integers(0, 30).map("test_{}".format),
        module=st.sampled_from(["a", "b", "c"]),
        outcome=st.sampled_from(Outcome),
        error_type=st.sampled_from(["ValueError", "KeyError", ""]),
        location=st.sampled_from(["x.py:1", "y.py:2", ""]),
    ),
    unique_by=lambda result: result.test_id,
)


@given(results)
def test_every_failure_is_in_one_module_and_one_group(failures: list[TestResult]) -> None:
    failure = critical_failure(failures)
    failing = sorted(result.test_id for result in failures if result.outcome.is_failure)
    assert sum(totals.failures for _, totals in failure.modules) == len(failing)
    assert sorted(name for group in failure.error_groups for name in group.test_ids) == failing
    sizes = [len(group.test_ids) for group in failure.error_groups]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(map(len, group_by_error_type(failure.error_groups))) == len(failure.error_groups)


def test_error_types_with_most_tests_come_first() -> None:
    same = [TestResult(f"s{n}", "m", Outcome.ERRORED, error_type="KeyError", location="x.py:3") for n in range(2)]
    apart = [TestResult(f"a{n}", "m", Outcome.FAILED, error_type="ValueError", location=f"y.py:{n}") for n in range(3)]
    types = group_by_error_type(critical_failure([*same, *apart]).error_groups)
    assert [[len(group.test_ids) for group in same] for same in types] == [[1, 1, 1], [2]]


def test_failures_with_one_cause_are_one_group() -> None:
    broken = [TestResult(f"t{n}", "m", Outcome.ERRORED, error_type="KeyError", location="x.py:3") for n in range(3)]
    other = TestResult("u", "n", Outcome.TIMED_OUT)
    failure = critical_failure([other, *broken, TestResult("v", "n", Outcome.PASSED)])
    assert [(group.error_type, group.location, len(group.test_ids)) for group in failure.error_groups] == [
        ("KeyError", "x.py:3", 3),
        ("timed out", "", 1),
    ]
    assert [(name, totals.failures, totals.tests) for name, totals in failure.modules] == [("m", 3, 3), ("n", 1, 2)]
