"""Each page, from what was loaded for it to a document.

``live`` is for the server: such a page has the scripts that keep it up to date, and the forms of actions, which need
the ``token``. Without it a page is the same, and only shows.
"""

from __future__ import annotations

from batchhook.core.verdict import summarize_verdict
from batchhook.core.views.batch import BatchView
from batchhook.core.views.batch_rows import BatchesView
from batchhook.core.views.changes import ChangeOrder, ChangesView
from batchhook.core.views.comparison import ComparisonView
from batchhook.core.views.operations import OperationsView, RollbackView
from batchhook.core.views.overview import OverviewView
from batchhook.core.views.tests import TestOrder, TestsView, TestView
from batchhook.report import phrases
from batchhook.report.files.critical_failure import recommended_actions
from batchhook.report.site import charts
from batchhook.report.site.batch_content import select_content
from batchhook.report.site.links import Links, NoLinks
from batchhook.report.site.rendering import preload, read_style, render, style_policy

__all__ = [
    "preload",
    "render_batch",
    "render_batch_file",
    "render_batches",
    "render_changes",
    "render_compare",
    "render_error",
    "render_operations",
    "render_overview",
    "render_overview_live",
    "render_rollback",
    "render_test",
    "render_tests",
]


def render_overview(view: OverviewView, links: Links, *, live: bool = False, token: str = "") -> str:
    """Render the overview."""
    return render("overview.html", links, view=view, live=live, token=token)


def render_overview_live(view: OverviewView, links: Links) -> str:
    """Render the part of the overview that changes during a run: the content of the element ``live``."""
    return render("live.html", links, view=view)


def render_batches(view: BatchesView, links: Links, *, live: bool = False, token: str = "") -> str:
    """Render a page of the batches."""
    return render("batches.html", links, view=view, live=live, token=token)


def render_batch(view: BatchView, links: Links, *, live: bool = False, token: str = "") -> str:
    """Render a batch."""
    return _render_batch(view, links, live=live, token=token, style="")


def render_batch_file(view: BatchView) -> str:
    """Render a batch as a page that stands alone: with its style inside, without links to other pages."""
    return _render_batch(view, NoLinks(), live=False, token="", style=read_style())


def _render_batch(view: BatchView, links: Links, *, live: bool, token: str, style: str) -> str:
    analysis = view.analysis
    return render(
        "batch.html",
        links,
        view=view,
        analysis=analysis,
        page=select_content(analysis, view.history, view.patches) if analysis else None,
        summary=summarize_verdict(analysis.verdict, analysis.result) if analysis else "",
        actions=recommended_actions(analysis) if analysis and not analysis.verdict.is_good else (),
        metrics=tuple(phrases.metrics(analysis)) if analysis else (),
        live=live,
        token=token,
        style=style,
        policy=style_policy(style) if style else "",
    )


def render_tests(view: TestsView, links: Links, *, live: bool = False, token: str = "") -> str:
    """Render a page of the tests."""
    return render("tests.html", links, view=view, orders=tuple(TestOrder), live=live, token=token)


def render_test(view: TestView, links: Links, *, live: bool = False, token: str = "") -> str:
    """Render one test."""
    plot = charts.durations_of_test(view.points)
    return render("test.html", links, view=view, plot=plot, live=live, token=token)


def render_changes(view: ChangesView, links: Links, *, live: bool = False, token: str = "") -> str:
    """Render a page of the changes that broke something."""
    return render("changes.html", links, view=view, orders=tuple(ChangeOrder), live=live, token=token)


def render_operations(view: OperationsView, links: Links, *, live: bool = False, token: str = "") -> str:
    """Render a page of the operations."""
    return render("operations.html", links, view=view, live=live, token=token)


def render_compare(view: ComparisonView, links: Links, *, live: bool = False, token: str = "") -> str:
    """Render a comparison of two trees, or the form to choose them."""
    kinds = phrases.differences(view.comparison) if view.comparison else ()
    return render("compare.html", links, view=view, kinds=kinds, live=live, token=token)


def render_rollback(view: RollbackView, links: Links, token: str = "", *, live: bool = True) -> str:
    """Render the plan of a rollback, with the words to type that confirm it."""
    return render("rollback.html", links, view=view, live=live, token=token)


def render_error(status: int, message: str, hint: str, links: Links, *, live: bool = False) -> str:
    """Render what could not be done, and the next step."""
    return render("error.html", links, status=status, message=message, hint=hint, live=live, token="")
