"""The overview of a repository."""

from __future__ import annotations

from batchhook.core.views.overview import OverviewView
from batchhook.git.location import read_head
from batchhook.store import baselines, batch_rows, test_history
from batchhook.workflow.context.project import Project
from batchhook.workflow.status import affected_note
from batchhook.workflow.status.attention import list_attention
from batchhook.workflow.status.overview import load_rollbacks
from batchhook.workflow.views.running import load_running

__all__ = ["OverviewView", "load_overview"]

_TIMELINE = 40
"""Batches on the timeline."""
_FLAKY = 5


def load_overview(project: Project) -> OverviewView:
    """Load the overview, without bringing the count up to date."""
    head = read_head(project.git, project.location)
    open_batch = project.preview_open_batch()
    rollbacks = load_rollbacks(project)
    latest = batch_rows.list_latest(project.database, _TIMELINE, rollbacks, sealed_only=True)
    baseline = baselines.load(project.database)
    return OverviewView(
        name=project.location.top.name,
        branch=head.branch,
        open=open_batch,
        is_rebasing=project.location.is_rebasing,
        running=load_running(project),
        attention=list_attention(project, latest, rollbacks),
        timeline=tuple(reversed(latest)),
        total=batch_rows.count(project.database, sealed_only=True),
        affected=affected_note.read(project.state, head.branch, head.oid),
        flaky=test_history.list_flaky(project.database, _FLAKY),
        baseline=baseline.oid if baseline else "",
    )
