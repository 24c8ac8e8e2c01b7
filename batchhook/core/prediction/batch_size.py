"""The size of a batch by the risk of its changes: smaller after a risky one, larger after harmless ones."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

LARGEST = 2
"""Times the usual size that a batch may grow to."""
_TOLERANCE = 1e-9


def adaptive_size(usual: int, risks: Sequence[float], usual_risk: float) -> int:
    """Return the size of an open batch: full once it holds the risk of a batch of the usual size.

    Args:
        usual: the size without predictions.
        risks: of the changes in the batch so far.
        usual_risk: of a change on average.
    """
    if usual_risk <= 0:
        return usual
    missing = usual * usual_risk - sum(risks)
    further = max(0, ceil(missing / usual_risk - _TOLERANCE))
    return max(1, min(LARGEST * usual, len(risks) + further))
