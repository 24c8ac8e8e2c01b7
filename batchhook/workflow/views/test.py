"""One test, through the latest runs."""

from __future__ import annotations

from collections import Counter

from batchhook.core.sanitize import escape_surrogates, one_line
from batchhook.core.views.tests import TestView
from batchhook.errors import BatchhookError
from batchhook.store import test_history
from batchhook.workflow.context.project import Project

__all__ = ["TestView", "load_test"]

_MAX_CAUSES = 20
_MAX_SLOWDOWNS = 20


def load_test(project: Project, test_id: str) -> TestView:
    """Load a test with its history.

    Raises:
        BatchhookError: no run had such a test.
    """
    database, name = project.database, escape_surrogates(test_id)
    match = test_history.find(database, name)
    if match is None:
        raise BatchhookError(f"no run had a test {one_line(test_id, 200)}", "search for it by a part of its name")
    row, numbers, order_dependence, is_verified = match
    points = test_history.load_points(database, numbers)
    failing = next((point for point in reversed(points) if point.outcome and point.outcome.is_failure), None)
    return TestView(
        row=row,
        order_dependence=order_dependence,
        isolation_verified=is_verified,
        points=points,
        causes=test_history.load_causes(database, numbers, _MAX_CAUSES),
        slowdowns=test_history.load_slowdowns(database, name, _MAX_SLOWDOWNS),
        last_failure=test_history.load_failure(database, failing.run, numbers) if failing else None,
        last_failure_batch=failing.batch if failing else 0,
        counts=dict(Counter(point.state for point in points)),
    )
