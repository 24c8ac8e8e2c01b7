"""All batches, page by page."""

from __future__ import annotations

from batchhook.core.views.batch_rows import BatchesView, count_pages
from batchhook.store import batch_rows
from batchhook.workflow.context.project import Project
from batchhook.workflow.status.overview import load_rollbacks
from batchhook.workflow.views.paging import check_page

__all__ = ["PAGE_SIZE", "BatchesView", "load_batches"]

PAGE_SIZE = 50


def load_batches(project: Project, page: int = 1) -> BatchesView:
    """Load a page of the batches, newest first.

    Raises:
        UsageError: there is no such page.
    """
    total = batch_rows.count(project.database)
    pages = check_page(page, count_pages(total, PAGE_SIZE))
    offset = (page - 1) * PAGE_SIZE
    rows = batch_rows.list_latest(project.database, PAGE_SIZE, load_rollbacks(project), offset=offset)
    return BatchesView(rows, page, pages, total)
