"""Names of the files about batches."""

from __future__ import annotations

TRACKER = "batch_tracker.json"
HISTORY = "test_results.json"
RESULTS = "ci_test_results.json"
BASELINE = "baseline_results.json"
REGRESSIONS = "regressions.json"

NUMBER = "N"
"""Stands for the batch's number in a name that means all batches."""


def full_text(batch: int | str) -> str:
    """Return the name of the full report in plain text."""
    return f"test_report_batch_{batch}.txt"


def critical(batch: int | str) -> str:
    """Return the name of the analysis of a critical failure."""
    return f"CRITICAL_FAILURE_batch_{batch}.json"


def page(batch: int | str) -> str:
    """Return the name of the HTML page."""
    return f"batch_{batch}.html"


def markdown(batch: int | str) -> str:
    """Return the name of the summary in Markdown."""
    return f"batch_{batch}.md"


def junit(batch: int | str) -> str:
    """Return the name of the results in JUnit XML."""
    return f"batch_{batch}.junit.xml"


def own_files(batch: int) -> tuple[str, ...]:
    """Return all names that belong to a batch, whether or not the files exist."""
    return full_text(batch), critical(batch), page(batch), markdown(batch), junit(batch)
