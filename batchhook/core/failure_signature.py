"""What failures with the same cause have in common."""

from __future__ import annotations

from batchhook.core.results import TestResult


def signature(result: TestResult) -> str:
    """How a test failed, with which error, where: equal for failures that are likely to have one cause."""
    return f"{result.outcome.value}: {result.error_type} at {result.location}"
