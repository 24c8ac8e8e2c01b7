"""The addresses of the server: pages, the stream of changes, files, and actions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import quote

import anyio
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from batchhook.core.views.overview import OverviewView, by_urgency
from batchhook.errors import BatchhookError, ConflictError, NoSuchBatchError, UsageError
from batchhook.git.location import Location
from batchhook.report.site import pages
from batchhook.report.site.rendering import STATIC
from batchhook.serve.actions import Actions
from batchhook.serve.live import MAX_READERS, STREAM_PATIENCE, Changes
from batchhook.serve.page_routes import LINKS, PAGES, Page
from batchhook.serve.security import HEADERS, Guard, Secrets
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.views import overview

_FILES = {file.name: file for file in STATIC.iterdir() if file.suffix in {".css", ".js"}}


class Site:
    """The site of one repository.

    Args:
        location: of the repository.
        known: what a browser has to know.
    """

    def __init__(self, location: Location, known: Secrets) -> None:
        self._location = location
        self._known = known
        self._changes = Changes(location)
        self._actions = Actions(location)

    def create_app(self) -> Starlette:
        """Return the application."""
        routes = [
            Route("/", self._page(self._overview)),
            Route("/live", self._page(self._live_part)),
            *(Route(path, self._page(render)) for path, render in PAGES.items()),
            Route("/events", self._follow),
            Route("/static/{name}", _send_file),
            Route("/actions/{name}", self._act, methods=["POST"]),
        ]
        return Starlette(
            routes=routes,
            middleware=[Middleware(Guard, known=self._known)],
            exception_handlers={
                HTTPException: _report_status,
                BatchhookError: _report_error,
                Exception: _report_defect,
            },
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        pages.preload()
        yield
        self._actions.close()

    def _load_overview(self, project: Project) -> OverviewView:
        view, own = overview.load_overview(project), self._actions.describe_run()
        return replace(view, attention=by_urgency((*view.attention, own))) if own is not None else view

    def _overview(self, project: Project, _request: Request, token: str) -> str:
        return pages.render_overview(self._load_overview(project), LINKS, live=True, token=token)

    def _live_part(self, project: Project, _request: Request, _token: str) -> str:
        return pages.render_overview_live(self._load_overview(project), LINKS)

    def _page(self, render: Page) -> Callable[[Request], Response]:
        def respond(request: Request) -> Response:
            is_plan = request.url.path.endswith("/rollback")  # planning stores objects, and counts
            with open_project(self._location, is_read_only=not is_plan) as project:
                return HTMLResponse(render(project, request, self._known.form_token))

        return respond

    async def _follow(self, _request: Request) -> Response:
        if self._changes.readers >= MAX_READERS:
            raise HTTPException(503, "too many pages are open")
        end = anyio.Event()
        return EventSourceResponse(
            self._changes.follow(end), ping=15, shutdown_event=end, shutdown_grace_period=STREAM_PATIENCE
        )

    async def _act(self, request: Request) -> Response:
        async with request.form() as sent:
            form = {name: value for name, value in sent.items() if isinstance(value, str)}
        if not self._known.knows_form(form.pop("token", "")):
            raise HTTPException(403, "this form is too old: open the page again")
        address = await run_in_threadpool(self._actions.perform, request.path_params["name"], form)
        return RedirectResponse(quote(address), status_code=303)


def _send_file(request: Request) -> Response:
    file = _FILES.get(request.path_params["name"])
    if file is None:
        raise HTTPException(404, "there is no such file")
    return FileResponse(file)


def _report_status(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = error.detail if isinstance(error, HTTPException) else ""
    return HTMLResponse(pages.render_error(status, message, "", LINKS), status_code=status)


def _report_error(_request: Request, error: Exception) -> Response:
    """Show what could not be done, with the next step, as a command does."""
    statuses = {NoSuchBatchError: 404, UsageError: 400, ConflictError: 409}
    status = next((code for kind, code in statuses.items() if isinstance(error, kind)), 422)
    message, hint = (error.message, error.hint) if isinstance(error, BatchhookError) else ("", "")
    return HTMLResponse(pages.render_error(status, message, hint, LINKS), status_code=status)


def _report_defect(_request: Request, _error: Exception) -> Response:
    """Show that this is our fault; the server prints where.

    Starlette answers so outside of the guard: this answer brings its own headers.
    """
    page = pages.render_error(500, "this is a bug in batchhook", "please report it, with what the server prints", LINKS)
    return HTMLResponse(page, status_code=500, headers=HEADERS)
