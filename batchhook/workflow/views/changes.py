"""The changes and files that break most."""

from __future__ import annotations

from batchhook.core.views.batch_rows import count_pages
from batchhook.core.views.changes import ChangeOrder, ChangeRow, ChangesView
from batchhook.store import breakage
from batchhook.workflow.context.project import Project
from batchhook.workflow.views.paging import check_page, parse_order

__all__ = ["PAGE_SIZE", "ChangesView", "load_changes"]

PAGE_SIZE = 25
_MAX_FILES = 25


def load_changes(project: Project, sort: str = "broken", page: int = 1) -> ChangesView:
    """Load a page of the changes that broke something in the latest batches, and the files that they touched.

    Args:
        project: the repository.
        sort: name of a ``ChangeOrder``.
        page: from 1.

    Raises:
        UsageError: there is no such page or order.
    """
    order = parse_order(ChangeOrder, sort)
    known = breakage.load(project.database)
    rows = sorted(known.rows, key=lambda row: _key(row, order))
    pages = check_page(page, count_pages(len(rows), PAGE_SIZE))
    start = (page - 1) * PAGE_SIZE
    return ChangesView(
        rows=tuple(rows[start : start + PAGE_SIZE]),
        files=known.files[:_MAX_FILES],
        order=order,
        page=page,
        pages=pages,
        batches=known.batches,
        changes=known.changes,
        breaking=len(rows),
    )


def _key(row: ChangeRow, order: ChangeOrder) -> tuple[int, int, int]:
    recent = -row.batch
    return {
        ChangeOrder.BROKEN: (-row.broken_count, -row.slowed_count, recent),
        ChangeOrder.SLOWED: (-row.slowed_count, -row.broken_count, recent),
        ChangeOrder.RECENT: (recent, -row.authored_at, 0),
    }[order]
