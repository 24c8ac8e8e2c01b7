"""A static site: the same pages as those of the server, as files that work without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batchhook.core.views.changes import ChangeOrder
from batchhook.core.views.tests import TestOrder, TestsView
from batchhook.errors import BatchhookError
from batchhook.lazy import LazyModule
from batchhook.store import batch_rows, test_history
from batchhook.store.files import replace_file
from batchhook.workflow.context.project import Project
from batchhook.workflow.reports.export import ExportProgress, create_folder, ignore_progress

if TYPE_CHECKING:
    from batchhook.report.site import links, pages, rendering
    from batchhook.workflow.views import batch, batches, changes, compare, operations, overview, test, tests
else:
    links, pages = LazyModule("batchhook.report.site.links"), LazyModule("batchhook.report.site.pages")
    rendering = LazyModule("batchhook.report.site.rendering")
    batch, batches = LazyModule("batchhook.workflow.views.batch"), LazyModule("batchhook.workflow.views.batches")
    changes, compare = LazyModule("batchhook.workflow.views.changes"), LazyModule("batchhook.workflow.views.compare")
    operations = LazyModule("batchhook.workflow.views.operations")
    overview = LazyModule("batchhook.workflow.views.overview")
    test, tests = LazyModule("batchhook.workflow.views.test"), LazyModule("batchhook.workflow.views.tests")

MAX_BATCHES = 500
"""Batches with a page: the latest."""
MAX_TESTS = 500
"""Tests with a page: flaky and broken ones first, then the slowest."""
MAX_COMPARED = 50
"""Batches that are compared with the one before."""
_MAX_LIST_PAGES = 10
"""Pages of each list."""

Page = Callable[["links.FileLinks"], str]


@dataclass(frozen=True, slots=True)
class SiteResult:
    """A site that was written.

    Attributes:
        folder: its top.
        files: the names of its files, from there.
        batches: those that have a page, oldest first.
        tests: number of tests that have a page.
        all_batches, all_tests: number of those that there are.
    """

    folder: Path
    files: tuple[str, ...]
    batches: tuple[int, ...]
    tests: int
    all_batches: int
    all_tests: int

    @property
    def page(self) -> Path:
        """The page to begin with."""
        return self.folder / "index.html"

    @property
    def is_whole(self) -> bool:
        """Return whether every batch and every test has a page."""
        return len(self.batches) == self.all_batches and self.tests == self.all_tests


def write_site(project: Project, folder: Path, on_progress: ExportProgress = ignore_progress) -> SiteResult:
    """Write all pages as files into a folder; start with ``index.html``.

    Args:
        project: the repository, reconciled.
        folder: created if missing, and then ignored by Git.
        on_progress: called before the first page and after each.

    Raises:
        OSError: the disk is full, a file cannot be written, or a file is in the place of a folder.
    """
    create_folder(folder)
    shown_batches = [row.number for row in batch_rows.list_latest(project.database, MAX_BATCHES, {}, sealed_only=True)]
    shown_tests = _choose_tests(project)
    plan = dict(_plan(project, shown_batches, shown_tests))
    assets = (rendering.STYLE,)
    known = frozenset({*plan, *(f"static/{name}" for name in assets)})
    for name in assets:
        _write(folder / "static" / name, (rendering.STATIC / name).read_text("utf-8"))
    on_progress(0, len(plan))
    for done, (name, page) in enumerate(plan.items(), start=1):
        _write(folder / name, page(links.FileLinks(name.count("/"), known)))
        on_progress(done, len(plan))
    return SiteResult(
        folder=folder,
        files=tuple(sorted(known)),
        batches=tuple(sorted(shown_batches)),
        tests=len(shown_tests),
        all_batches=batch_rows.count(project.database, sealed_only=True),
        all_tests=test_history.count_kinds(project.database)[0],
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text, mode=0o666, durable=False)


def _choose_tests(project: Project) -> list[str]:
    """Return the ids of the tests that get a page: those of which there is most to tell."""
    names: dict[str, None] = {}
    for order in (TestOrder.FLAKY, TestOrder.BROKEN, TestOrder.SLOWEST):
        rows, _ = test_history.list_rows(project.database, "", order, MAX_TESTS)
        interesting = (row for row in rows if order is TestOrder.SLOWEST or row.unexplained or row.breaks)
        names |= dict.fromkeys(row.name for row in interesting)
    return list(names)[:MAX_TESTS]


def _plan(project: Project, shown_batches: list[int], shown_tests: list[str]) -> Iterator[tuple[str, Page]]:
    """Yield the name of each file, and what renders it; names are those that ``FileLinks`` gives."""
    names = links.FileLinks()
    yield names.overview(), lambda to: pages.render_overview(overview.load_overview(project), to)
    yield from _lists(project, names)
    for number in shown_batches:
        yield names.batch(number), lambda to, number=number: pages.render_batch(batch.load_batch(project, number), to)  # type: ignore[misc]
    for name in shown_tests:
        yield names.test(name), lambda to, name=name: pages.render_test(test.load_test(project, name), to)  # type: ignore[misc]
    for number in shown_batches[:MAX_COMPARED]:
        earlier, _ = batch_rows.find_neighbours(project.database, number)
        if earlier in shown_batches:
            pair = (str(earlier), str(number))
            yield names.compare(*pair), lambda to, pair=pair: _comparison(project, pair, to)  # type: ignore[misc]


def _comparison(project: Project, pair: tuple[str, str], to: links.FileLinks) -> str:
    try:
        return pages.render_compare(compare.load_comparison(project, *pair), to)
    except BatchhookError as error:  # git has removed a commit
        return pages.render_error(404, error.message, error.hint, to)


def _lists(project: Project, names: links.FileLinks) -> Iterator[tuple[str, Page]]:
    """Yield the pages of all lists, up to a number of each."""
    for page in range(1, _limit(batches.load_batches(project).pages) + 1):
        yield names.batches(page), lambda to, page=page: pages.render_batches(batches.load_batches(project, page), to)  # type: ignore[misc]
    for page in range(1, _limit(operations.load_operations(project).pages) + 1):
        yield (
            names.operations(page),
            lambda to, page=page: pages.render_operations(operations.load_operations(project, page), to),  # type: ignore[misc]
        )
    for change_order in ChangeOrder:
        sort = change_order.value
        for page in range(1, _limit(changes.load_changes(project, sort).pages) + 1):
            yield (
                names.changes(sort, page),
                lambda to, sort=sort, page=page: pages.render_changes(changes.load_changes(project, sort, page), to),  # type: ignore[misc]
            )
    for test_order in TestOrder:
        sort = test_order.value
        for page in range(1, _limit(tests.load_tests(project, "", sort).pages) + 1):
            yield (
                names.tests("", sort, page),
                lambda to, sort=sort, page=page: pages.render_tests(_tests(project, sort, page), to),  # type: ignore[misc]
            )


def _tests(project: Project, sort: str, page: int) -> TestsView:
    return tests.load_tests(project, "", sort, page)


def _limit(pages_of_list: int) -> int:
    return min(pages_of_list, _MAX_LIST_PAGES)
