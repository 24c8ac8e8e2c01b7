"""The pages by their addresses: what each loads, and with what it is rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.requests import Request

from batchhook.errors import UsageError
from batchhook.report.site import pages
from batchhook.report.site.links import ServerLinks
from batchhook.workflow.context.project import Project
from batchhook.workflow.views import batch, batches, changes, compare, operations, rollback, test, tests

Page = Callable[[Project, Request, str], str]
"""Renders a page; the last argument is the token of its forms."""

LINKS = ServerLinks()
MAX_DIGITS = 18
"""Of a number in a request: what the database holds."""


def _batches(project: Project, request: Request, token: str) -> str:
    view = batches.load_batches(project, _page_of(request))
    return pages.render_batches(view, LINKS, live=True, token=token)


def _batch(project: Project, request: Request, token: str) -> str:
    view = batch.load_batch(project, request.path_params["number"])
    return pages.render_batch(view, LINKS, live=True, token=token)


def _rollback(project: Project, request: Request, token: str) -> str:
    return pages.render_rollback(rollback.load_rollback(project, request.path_params["number"]), LINKS, token)


def _tests(project: Project, request: Request, token: str) -> str:
    view = tests.load_tests(project, _word(request, "q"), _word(request, "sort", "flaky"), _page_of(request))
    return pages.render_tests(view, LINKS, live=True, token=token)


def _test(project: Project, request: Request, token: str) -> str:
    return pages.render_test(test.load_test(project, _word(request, "id")), LINKS, live=True, token=token)


def _changes(project: Project, request: Request, token: str) -> str:
    view = changes.load_changes(project, _word(request, "sort", "broken"), _page_of(request))
    return pages.render_changes(view, LINKS, live=True, token=token)


def _operations(project: Project, request: Request, token: str) -> str:
    view = operations.load_operations(project, _page_of(request))
    return pages.render_operations(view, LINKS, live=True, token=token)


def _compare(project: Project, request: Request, token: str) -> str:
    view = compare.load_comparison(project, _word(request, "before"), _word(request, "after"))
    return pages.render_compare(view, LINKS, live=True, token=token)


PAGES: Mapping[str, Page] = {
    "/batches": _batches,
    "/batches/{number:int}": _batch,
    "/batches/{number:int}/rollback": _rollback,
    "/tests": _tests,
    "/tests/one": _test,
    "/changes": _changes,
    "/operations": _operations,
    "/compare": _compare,
}


def _word(request: Request, name: str, default: str = "") -> str:
    return request.query_params.get(name, "") or default


def _page_of(request: Request) -> int:
    page = _word(request, "page", "1")
    if not page.isdecimal() or len(page) > MAX_DIGITS:
        raise UsageError("there is no such page", "go back to the first one")
    return int(page)
