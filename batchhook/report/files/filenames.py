"""What the files are called."""

from __future__ import annotations

TRACKER = "batch_tracker.json"
HISTORY = "test_results.json"
RESULTS = "ci_test_results.json"
BASELINE = "baseline_results.json"
REGRESSIONS = "regressions.json"

NUMBER = "N"
"""Stands for a batch's number in a name that is said of all of them."""


def full_text(batch: int | str) -> str:
    """All that a run told, with every traceback."""
    return f"test_report_batch_{batch}.txt"


def critical(batch: int | str) -> str:
    """What a critical failure consists of."""
    return f"CRITICAL_FAILURE_batch_{batch}.json"


def page(batch: int | str) -> str:
    """The page for a browser."""
    return f"batch_{batch}.html"


def markdown(batch: int | str) -> str:
    """The few lines for a pull request."""
    return f"batch_{batch}.md"


def junit(batch: int | str) -> str:
    """The results in JUnit's form, for other programs."""
    return f"batch_{batch}.junit.xml"


def own_files(batch: int) -> tuple[str, ...]:
    """All names that are a batch's own, whether there are such files or not."""
    return full_text(batch), critical(batch), page(batch), markdown(batch), junit(batch)
