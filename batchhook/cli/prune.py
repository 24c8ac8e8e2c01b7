"""prune: making room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.arguments import Json
from batchhook.cli.options import console, emit, options, project
from batchhook.cli.prompts import agreed
from batchhook.lazy import Late
from batchhook.report.console import retention
from batchhook.report.console.layout import hints
from batchhook.workflow.context.project import Project

if TYPE_CHECKING:
    from batchhook.report import json_models
    from batchhook.workflow.retention import prune as workflow
else:
    json_models = Late("batchhook.report.json_models")
    workflow = Late("batchhook.workflow.retention.prune")


def prune(
    keep: Annotated[
        int | None, typer.Option("--keep", metavar="N", min=1, help="Keep the latest N full batches.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Keep what is younger: 12h, 30d, 8w.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
    _json: Json = False,
) -> None:
    """Throw old batches away, with their outcomes, backups, pins and reports; without options, show what there is."""
    with project() as opened:
        opened.reconcile()
        rule = workflow.rule(keep, older_than)
        if rule is None:
            _show_whole(opened)
            return
        planned = workflow.plan(opened, rule)
        if not options.json:
            retention.print_plan(console(), planned.parts, planned.decision, planned.damaged)
        if planned.is_empty or dry_run:
            if options.json:
                emit(json_models.prune_document(planned.parts, planned.decision, done=not dry_run))
            return
        if not yes and not _agreed():
            return
        freed = workflow.carry_out(opened, planned)
    if options.json:
        emit(json_models.prune_document(freed.parts, planned.decision, done=True))
    else:
        retention.print_freed(console(), freed.parts, freed.unshrunk)


def _show_whole(opened: Project) -> None:
    parts = workflow.whole(opened)
    if options.json:
        emit(json_models.prune_document(parts))
        return
    out = console()
    out.print("This is there:")
    out.print(retention.parts_table(parts))
    out.print(
        hints(
            ("batchhook prune --keep 100 --dry-run", "what would go if the latest 100 batches stay"),
            ("batchhook prune --older-than 90d", "throw away what is older; asks first"),
        )
    )


def _agreed() -> bool:
    goes_on = agreed("This cannot be undone; commits and files stay as they are. Go on?")
    if not goes_on:
        console().print("Nothing was changed.")
    return goes_on
