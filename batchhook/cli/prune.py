"""``batchhook prune``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import Json, Yes, console, emit, options, project
from batchhook.cli.prompts import confirm

if TYPE_CHECKING:
    from batchhook.workflow.context.project import Project


def prune(
    keep: Annotated[
        int | None, typer.Option("--keep", metavar="N", min=1, help="Keep the latest N full batches.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Delete what is older: 12h, 30d, 8w.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be deleted, and delete nothing.")] = False,
    yes: Yes = False,
    _json: Json = False,
) -> None:
    """Delete old batches with their outcomes, backups, pins and reports; without options, show the disk usage."""
    from batchhook.report.console import retention
    from batchhook.workflow.retention import prune as pruning

    with project() as opened:
        opened.reconcile()
        rule = pruning.parse_rule(keep, older_than)
        if rule is None:
            _show_usage(opened)
            return
        plan = pruning.make_plan(opened, rule)
        if not options.json:
            retention.print_plan(console(), plan.usage, plan.decision, plan.damaged)
        if plan.is_empty or dry_run:
            if options.json:
                from batchhook.report import json_models

                emit(json_models.prune_document(plan.usage, plan.decision, done=not dry_run))
            return
        if not yes and not confirm("Delete it for good? Your commits and files stay."):
            console().print("Nothing was changed.")
            return
        result = pruning.execute(opened, plan)
    if options.json:
        from batchhook.report import json_models

        emit(json_models.prune_document(result.freed, plan.decision, done=True))
    else:
        retention.print_freed(console(), result.freed, result.shrink_error, result.unreferenced)


def _show_usage(opened: Project) -> None:
    from batchhook.workflow.retention import prune as pruning

    usage = pruning.measure_usage(opened)
    if options.json:
        from batchhook.report import json_models

        emit(json_models.prune_document(usage))
        return
    from batchhook.report.console import layout, retention

    out = console()
    out.print("Disk usage:")
    out.print(retention.usage_table(usage))
    out.print(
        layout.hints(
            ("batchhook prune --keep 100 --dry-run", "show what would be deleted if the latest 100 batches stay"),
            ("batchhook prune --older-than 90d", "delete what is older, after confirmation"),
        )
    )
