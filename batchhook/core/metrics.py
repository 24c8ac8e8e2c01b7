"""Metrics that plug-ins add to an analysis: named scalar values, bounded in number and size."""

from __future__ import annotations

import math
from collections.abc import Mapping

from batchhook.core.sanitize import escape_surrogates

Metric = bool | int | float | str
"""Value of a metric; integers fit into 64 bits."""

Metrics = Mapping[str, Mapping[str, Metric]]
"""Metrics by plug-in, then by name."""

_MAX_METRICS, _MAX_CHARACTERS, _INTEGER_LIMIT = 50, 500, 2**63


def validate_metrics(value: object) -> dict[str, Metric]:
    """Validate what a plug-in returned; None stands for no metrics.

    Raises:
        ValueError: not a dict of metrics, or out of bounds; the message says why.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"metrics must be a dict, not {type(value).__name__}")  # noqa: TRY004 - callers catch one type
    if len(value) > _MAX_METRICS:
        raise ValueError(f"{len(value)} metrics exceed the limit of {_MAX_METRICS}")
    return {_validate_name(name): _validate_value(name, metric) for name, metric in value.items()}


def _validate_name(name: object) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_CHARACTERS:
        raise ValueError(f"the name of a metric must be a string of 1 to {_MAX_CHARACTERS} characters")
    return escape_surrogates(name)


def _validate_value(name: object, value: object) -> Metric:
    if isinstance(value, str):
        if len(value) <= _MAX_CHARACTERS:
            return escape_surrogates(value)
        raise ValueError(f"the metric {name!r} is longer than {_MAX_CHARACTERS} characters")
    if isinstance(value, bool) or (isinstance(value, int) and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"the metric {name!r} is {type(value).__name__}: not a finite number, string or bool")
