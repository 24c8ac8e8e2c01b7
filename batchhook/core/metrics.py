"""Metrics that plug-ins add to an analysis: names with plain values, bounded."""

from __future__ import annotations

import math
from collections.abc import Mapping

from batchhook.core.sanitize import encodable

Metric = bool | int | float | str
"""A metric's value; whole numbers of 64 bits at most."""

Metrics = Mapping[str, Mapping[str, Metric]]
"""By plug-in, then by name."""

_MOST, _MOST_CHARACTERS, _WIDEST = 50, 500, 2**63


def checked(value: object) -> dict[str, Metric]:
    """What a plug-in gives, if these are metrics; None stands for none.

    Raises:
        ValueError: it says what is wrong.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"metrics have to be a dict, and not {type(value).__name__}")  # noqa: TRY004 - one kind for all
    if len(value) > _MOST:
        raise ValueError(f"{len(value)} metrics are more than {_MOST}")
    return {_name(name): _plain(name, one) for name, one in value.items()}


def _name(name: object) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= _MOST_CHARACTERS:
        raise ValueError(f"a metric's name has to be a text of 1 to {_MOST_CHARACTERS} characters")
    return encodable(name)


def _plain(name: object, value: object) -> Metric:
    if isinstance(value, str):
        if len(value) <= _MOST_CHARACTERS:
            return encodable(value)
        raise ValueError(f"the metric {name!r} has more than {_MOST_CHARACTERS} characters")
    if isinstance(value, bool) or (isinstance(value, int) and -_WIDEST <= value < _WIDEST):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"the metric {name!r} is {type(value).__name__}: neither a finite number, a text, nor a bool")
