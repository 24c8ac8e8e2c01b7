"""``batch_N.html``: a page for a browser in one file, without scripts, and without anything from elsewhere.

Whatever is put into the page is escaped by jinja2. The page's own policy lets nothing be loaded or run, and no style
but the one whose hash it names: should something slip through, a browser would still not obey it.
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
from batchhook.core.sanitize import bytes_shown, lines
from batchhook.core.summaries import PastRun
from batchhook.core.verdict import summary
from batchhook.report.files import phrases
from batchhook.report.files.critical_failure import recommended_actions
from batchhook.report.files.page_model import page
from batchhook.report.files.plots import WIDTH

_TEMPLATES = Path(__file__).parents[1] / "templates"


def html(analysis: Analysis, past: Sequence[PastRun]) -> str:
    """A batch's page.

    Args:
        analysis: of the batch.
        past: its run and those of the batches before it, oldest first.
    """
    style = _style()
    return (
        _environment()
        .get_template("batch.html")
        .render(
            page=page(analysis, past),
            analysis=analysis,
            batch=analysis.batch,
            branch=analysis.batch.branch.removeprefix("refs/heads/"),
            summary=summary(analysis.verdict, analysis.outcome),
            totals=phrases.totals(analysis),
            critical=analysis.critical,
            metrics=tuple(phrases.metrics(analysis)),
            actions=() if analysis.verdict.is_good else recommended_actions(analysis),
            style=style,
            policy=_policy(style),
            width=WIDTH,
            version=batchhook.__version__,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _visible(value: object) -> object:
    """A text without what a browser would not show as it is: control characters, marks that turn its direction."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return lines(bytes_shown(value).expandtabs(4))
    return value


@lru_cache(maxsize=1)
def _style() -> str:
    return (_TEMPLATES / "page.css").read_text("utf-8")


def _policy(style: str) -> str:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
