"""Validation of metrics from plug-ins."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, strategies as st

from batchhook.core.metrics import Metric, validate_metrics

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=9),
)


@given(st.dictionaries(st.text(min_size=1, max_size=9), SCALARS, max_size=5))
def test_scalars_are_accepted_and_can_be_stored(metrics: dict[str, Metric]) -> None:
    accepted = validate_metrics(metrics)
    assert list(accepted.values()) == list(metrics.values()), "hypothesis makes no lone surrogates"
    assert json.loads(json.dumps(accepted).encode("utf-8")) == accepted


@pytest.mark.parametrize(
    "value",
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
def test_other_values_are_rejected(value: object) -> None:
    with pytest.raises(ValueError, match=r"metric"):
        validate_metrics(value)


def test_none_and_surrogates() -> None:
    assert validate_metrics(None) == {}
    assert validate_metrics({"a\ud800": "\udc80"}) == {"a\\ud800": "\\udc80"}
