"""What plug-ins may add to an analysis."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, strategies as st

from batchhook.core.metrics import Metric, checked

PLAIN = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=9),
)


@given(st.dictionaries(st.text(min_size=1, max_size=9), PLAIN, max_size=5))
def test_plain_values_are_taken_and_can_be_stored(metrics: dict[str, Metric]) -> None:
    taken = checked(metrics)
    assert list(taken.values()) == list(metrics.values()), "hypothesis makes no lone surrogates"
    assert json.loads(json.dumps(taken).encode("utf-8")) == taken


@pytest.mark.parametrize(
    "wrong",
    [
        [1],
        "text",
        {"a": None},
        {"a": math.inf},
        {"a": math.nan},
        {"a": 2**63},
        {"a": [1]},
        {"a": "x" * 501},
        {"": 1},
        {1: 1},
        {str(number): number for number in range(51)},
    ],
    ids=repr,
)
def test_all_else_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"metric"):
        checked(wrong)


def test_none_and_odd_texts() -> None:
    assert checked(None) == {}
    assert checked({"a\ud800": "\udc80"}) == {"a\\ud800": "\\udc80"}
