"""``batchhook redo``."""

from __future__ import annotations

from batchhook.cli.options import DryRun, Json, Stash, Yes, project


def redo(stash: Stash = False, dry_run: DryRun = False, yes: Yes = False, _json: Json = False) -> int:
    """Redo what the latest undo reverted."""
    from batchhook.cli.apply import apply_plan
    from batchhook.workflow.rollback.undo import prepare_redo

    with project() as opened:
        return apply_plan(prepare_redo(opened, autostash=stash), dry_run=dry_run, yes=yes)
