"""The tests, page by page."""

from __future__ import annotations

from batchhook.core.sanitize import escape_surrogates
from batchhook.core.views.batch_rows import count_pages
from batchhook.core.views.tests import TestOrder, TestsView
from batchhook.store import test_history
from batchhook.workflow.context.project import Project
from batchhook.workflow.views.paging import check_page, parse_order

__all__ = ["PAGE_SIZE", "TestsView", "load_tests"]

PAGE_SIZE = 50
_MAX_QUERY = 500
"""Characters of a query; SQLite refuses patterns that are much longer."""


def load_tests(project: Project, query: str = "", sort: str = "flaky", page: int = 1) -> TestsView:
    """Load a page of the tests.

    Args:
        project: the repository.
        query: text that their ids contain; empty for all.
        sort: name of a ``TestOrder``.
        page: from 1.

    Raises:
        UsageError: there is no such page or order.
    """
    order, query = parse_order(TestOrder, sort), escape_surrogates(query.strip())[:_MAX_QUERY]
    rows, matching = test_history.list_rows(project.database, query, order, PAGE_SIZE, (page - 1) * PAGE_SIZE)
    pages = check_page(page, count_pages(matching, PAGE_SIZE))
    total, flaky, broken, failing = test_history.count_kinds(project.database)
    return TestsView(rows, query, order, page, pages, matching, total, flaky, broken, failing)
