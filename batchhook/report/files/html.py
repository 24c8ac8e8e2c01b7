"""``batch_N.html``: a page in one file, without scripts and without external resources.

jinja2 escapes everything put into the page. As a second line of defence, the page's content security policy forbids
loading and running anything, except for the page's own style, which is allowed by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import jinja2

import batchhook
from batchhook.core.analysis import Analysis
from batchhook.core.plural import plural
from batchhook.core.sanitize import escape_bytes, sanitize_lines
from batchhook.core.summaries import RunPoint
from batchhook.core.verdict import summarize_verdict
from batchhook.report import phrases
from batchhook.report.files.critical_failure import recommended_actions
from batchhook.report.files.page_model import batch_page
from batchhook.report.files.plots import WIDTH

_TEMPLATES = Path(__file__).parents[1] / "templates"


def render_batch_page(analysis: Analysis, history: Sequence[RunPoint]) -> str:
    """Render a batch's page.

    Args:
        analysis: of the batch.
        history: its run and those of the batches before it, oldest first.
    """
    style = _style()
    return (
        _environment()
        .get_template("batch.html")
        .render(
            page=batch_page(analysis, history),
            analysis=analysis,
            batch=analysis.batch,
            branch=analysis.batch.branch.removeprefix("refs/heads/"),
            summary=summarize_verdict(analysis.verdict, analysis.result),
            totals=phrases.totals(analysis.result.totals),
            not_run=f", {analysis.result.totals.not_run} not run" if analysis.result.unrun else "",
            critical=analysis.critical_failure,
            metrics=tuple(phrases.metrics(analysis)),
            actions=() if analysis.verdict.is_good else recommended_actions(analysis),
            style=style,
            policy=_policy(style),
            width=WIDTH,
            version=batchhook.__version__,
        )
    )


def preload() -> None:
    """Compile the templates, so that the first report is not delayed."""
    for name in _environment().list_templates(extensions=["html"]):
        _environment().get_template(name)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plural"] = plural
    return environment


def _printable(value: object) -> object:
    """Replace control characters and bidirectional marks by spaces."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return sanitize_lines(escape_bytes(value).expandtabs(4))
    return value


@lru_cache(maxsize=1)
def _style() -> str:
    return (_TEMPLATES / "page.css").read_text("utf-8")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
