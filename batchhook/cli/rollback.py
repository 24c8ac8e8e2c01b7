"""rollback, undo, redo: going back, and taking that back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from batchhook.cli import from_backup
from batchhook.cli.apply import carry_out
from batchhook.cli.arguments import Json
from batchhook.cli.options import console, options, project
from batchhook.core.rollback import Mode, batch_range
from batchhook.errors import UsageError
from batchhook.lazy import Late
from batchhook.report.console.progress import show_while
from batchhook.report.console.revert_check import print_proof
from batchhook.workflow.context.project import Project

if TYPE_CHECKING:
    from batchhook.workflow.auto_rollback import revert_candidates
    from batchhook.workflow.rollback import request, rollback as rolling_back, selection, undo as undoing
else:
    revert_candidates = Late("batchhook.workflow.auto_rollback.revert_candidates")
    rolling_back = Late("batchhook.workflow.rollback.rollback")
    selection = Late("batchhook.workflow.rollback.selection")
    request = Late("batchhook.workflow.rollback.request")
    undoing = Late("batchhook.workflow.rollback.undo")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, with the diff, and change nothing.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]
Stash = Annotated[bool, typer.Option("--stash", help="Put uncommitted work that is in the way aside, in git's stash.")]
_HOW = "How"
_WHAT = "What"


def rollback(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="N|A..B [-- PATH]", help="The batch, or several of one branch; only these paths."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--change",
            metavar="OID",
            rich_help_panel=_WHAT,
            help="Only this change; of the open batch, too. Repeatable.",
        ),
    ] = None,
    culprit: Annotated[
        bool,
        typer.Option(
            "--culprit",
            rich_help_panel=_WHAT,
            help="Only the changes that broke something; proves first that this mends it.",
        ),
    ] = False,
    commit: Annotated[
        bool, typer.Option("--commit", rich_help_panel=_HOW, help="Make a commit of it; it fills no batch.")
    ] = False,
    reset: Annotated[
        bool,
        typer.Option(
            "--reset",
            rich_help_panel=_HOW,
            help="Move the branch back to before the batch; later commits leave it, too.",
        ),
    ] = False,
    stash: Annotated[
        bool,
        typer.Option(
            "--stash", rich_help_panel=_HOW, help="Put uncommitted work that is in the way aside, in git's stash."
        ),
    ] = False,
    copies: Annotated[
        bool,
        typer.Option(
            "--from-backup",
            rich_help_panel=_HOW,
            help="From the file copies alone, where git's objects are gone or damaged.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            rich_help_panel=_HOW,
            help="With --reset: even if others have the commits. With --from-backup: also files changed since.",
        ),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Take changes out: in the files, by a commit, or by moving the branch; what was done elsewhere since stays."""
    if commit and reset:
        raise UsageError("--commit and --reset are two ways of going back", "say one of them")
    if copies:
        if change or culprit or commit or reset or stash:
            raise UsageError("a backup knows whole batches and files, nothing else", "say --from-backup alone")
        return from_backup.rollback(_one_batch(what or []), dry_run=dry_run, yes=yes, force=force)
    how = request.How(Mode.COMMIT if commit else Mode.RESET if reset else Mode.FILES, force=force, stash=stash)
    with project() as opened:
        opened.reconcile()
        batches, paths = _what(opened, what or [], has_change=bool(change))
        with from_backup.offered(opened.state, batches[0] if batches else 0):
            return _rollback(opened, how, batches, change or [], paths, culprit=culprit, dry_run=dry_run, yes=yes)


def _rollback(
    opened: Project,
    how: request.How,
    batches: tuple[int, int] | None,
    change: list[str],
    paths: tuple[str, ...],
    *,
    culprit: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    if culprit:
        return _rollback_guilty(opened, selection.one_batch(batches, change, paths), how, dry_run=dry_run, yes=yes)
    chosen = selection.chosen(opened, batches, change, paths)
    return carry_out(rolling_back.planned_rollback(opened, chosen, how), dry_run=dry_run, yes=yes)


def _one_batch(words: list[str]) -> int:
    batches = batch_range(words[0]) if len(words) == 1 else None
    if batches is None or batches[0] != batches[1]:
        raise UsageError("--from-backup is about one whole batch", "batchhook rollback 3 --from-backup")
    return batches[0]


def _what(opened: Project, words: list[str], *, has_change: bool) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """The batches and the paths that are named; a path that looks like a batch is written ``./3``."""
    batches = batch_range(words[0]) if words else None
    if words and batches is None and not has_change:
        raise UsageError(
            f"{words[0]} is no batch", "batchhook rollback 3, 3..5, or --change OID; paths stand behind it"
        )
    paths = words[1:] if batches else words
    return batches, selection.paths_from_top(opened, options.folder, paths)


def _rollback_guilty(opened: Project, number: int, how: request.How, *, dry_run: bool, yes: bool) -> int:
    """Take the guilty changes of a batch out, once it is proven that this mends what they broke."""
    with show_while(Console(stderr=True), "proving it") as listener:
        found, proof = revert_candidates.find_and_prove(opened, number, os.environ, listener, how)
    if not options.json:
        print_proof(console(), found.changes, found.stuck, proof)
    return carry_out(
        revert_candidates.planned(opened, number, found, proof, how), dry_run=dry_run, yes=yes, proof=proof
    )


def undo(
    number: Annotated[
        int | None, typer.Argument(metavar="OP", min=1, help="The operation; else the latest rollback.")
    ] = None,
    copies: Annotated[
        bool, typer.Option("--from-backup", help="The latest rollback --from-backup, whatever was done after it.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --from-backup: also files that were changed since.")
    ] = False,
    stash: Stash = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Take an operation back: exactly what was there before it, and what was done since stays."""
    if copies or (number is None and from_backup.is_latest()):
        if stash:
            raise UsageError("--stash is not for what was taken from a backup", "--force keeps what is there now")
        return from_backup.undo(number or 0, dry_run=dry_run, yes=yes, force=force)
    with project() as opened:
        return carry_out(undoing.planned_undo(opened, number or 0, may_stash=stash), dry_run=dry_run, yes=yes)


def redo(stash: Stash = False, dry_run: DryRun = False, yes: Yes = False, _json: Json = False) -> int:
    """Take the latest undo back."""
    with project() as opened:
        return carry_out(undoing.planned_redo(opened, may_stash=stash), dry_run=dry_run, yes=yes)
