"""``batchhook rollback``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from batchhook.cli.options import DryRun, Json, Yes, console, options, progress_console, project
from batchhook.core.rollback import RollbackMode, parse_batch_range
from batchhook.errors import UsageError

if TYPE_CHECKING:
    from batchhook.workflow.context.project import Project
    from batchhook.workflow.rollback.request import RollbackRequest

_SELECTION = "What to revert"
_MODE = "How to revert it"


def rollback(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="N|A..B [-- PATH]", help="A batch, or several of one branch; only these paths."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--change",
            metavar="OID",
            rich_help_panel=_SELECTION,
            help="Only this change, even one of the open batch; repeatable.",
        ),
    ] = None,
    culprit: Annotated[
        bool,
        typer.Option(
            "--culprit",
            rich_help_panel=_SELECTION,
            help="Only the changes that broke tests, if a test run confirms that this fixes them.",
        ),
    ] = False,
    commit: Annotated[
        bool, typer.Option("--commit", rich_help_panel=_MODE, help="Make a commit, which fills no batch.")
    ] = False,
    reset: Annotated[
        bool,
        typer.Option(
            "--reset",
            rich_help_panel=_MODE,
            help="Move the branch to before the batch; later commits leave it, too.",
        ),
    ] = False,
    stash: Annotated[
        bool,
        typer.Option("--stash", rich_help_panel=_MODE, help="Move uncommitted work that is in the way to git's stash."),
    ] = False,
    from_backup: Annotated[
        bool,
        typer.Option(
            "--from-backup",
            rich_help_panel=_MODE,
            help="Use only the file copies, for when git's objects are lost or damaged.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            rich_help_panel=_MODE,
            help="With --reset: even published commits. With --from-backup: even files changed since.",
        ),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    _json: Json = False,
) -> int:
    """Revert changes in the files, with a commit, or by moving the branch; other work since then stays."""
    if commit and reset:
        raise UsageError("--commit and --reset are mutually exclusive", "choose one of them")
    if from_backup:
        if change or culprit or commit or reset or stash:
            raise UsageError("--from-backup restores whole batches only", "use it with --force at most")
        return _restore(_parse_batch(what or []), force=force, dry_run=dry_run, yes=yes)
    from batchhook.cli.apply import apply_plan
    from batchhook.workflow.restore.apply import suggest_backup
    from batchhook.workflow.rollback.request import RollbackRequest, prepare_rollback

    mode = RollbackMode.COMMIT if commit else RollbackMode.RESET if reset else RollbackMode.FILES
    with project() as opened:
        batches, paths = _parse_selection(opened, what or [], has_change=bool(change))
        if not (what or change):
            batches = _latest_batch(opened, dry_run=dry_run)
        request = RollbackRequest(batches, tuple(change or ()), paths, mode, force=force, autostash=stash)
        with suggest_backup(opened.state, batches[0] if batches else 0):
            if culprit:
                return _revert_culprits(opened, request, dry_run=dry_run, yes=yes)
            return apply_plan(prepare_rollback(opened, request), dry_run=dry_run, yes=yes)


def _revert_culprits(opened: Project, request: RollbackRequest, *, dry_run: bool, yes: bool) -> int:
    from batchhook.cli.apply import apply_plan
    from batchhook.report.console.operations import print_revert_check
    from batchhook.report.console.progress import live_progress
    from batchhook.workflow.auto_rollback.revert_candidates import check_culprit_rollback, prepare_culprit_rollback

    with live_progress(progress_console(), "checking the rollback") as listener:
        candidates, check = check_culprit_rollback(opened, request, os.environ, listener)
    if not options.json:
        print_revert_check(console(), candidates.changes, candidates.conflicts, check)
    preparation = prepare_culprit_rollback(opened, request, candidates, check)
    return apply_plan(preparation, dry_run=dry_run, yes=yes, check=check)


def _restore(number: int, *, force: bool, dry_run: bool, yes: bool) -> int:
    from batchhook.cli.apply import apply_restore
    from batchhook.workflow.restore.apply import prepare_restore

    with project() as opened:
        title = f"Restore the files of batch {number} from their copies, in the work tree:"
        return apply_restore(prepare_restore(opened, number, force=force), title, dry_run=dry_run, yes=yes)


def _latest_batch(opened: Project, *, dry_run: bool) -> tuple[int, int]:
    """Return the latest full batch of the branch, for a preview; what is reverted must be named.

    Raises:
        UsageError: it is no preview.
        NoFullBatchError: no batch of the branch is full yet.
    """
    from batchhook.workflow.rollback.selection import latest_sealed_batch

    if not dry_run:
        raise UsageError("no batch named", "batchhook rollback 3, 3..5, or --change OID; --dry-run shows the latest")
    number = latest_sealed_batch(opened)
    return number, number


def _parse_batch(words: list[str]) -> int:
    batches = parse_batch_range(words[0]) if len(words) == 1 else None
    if batches is None or batches[0] != batches[1]:
        raise UsageError("--from-backup needs exactly one batch", "batchhook rollback 3 --from-backup")
    return batches[0]


def _parse_selection(
    opened: Project, words: list[str], *, has_change: bool
) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Return the batches and paths that are named; a path that looks like a batch is written ``./3``."""
    from batchhook.workflow.rollback.selection import paths_from_top

    batches = parse_batch_range(words[0]) if words else None
    if words and batches is None and not has_change:
        raise UsageError(f"not a batch: {words[0]}", "batchhook rollback 3, 3..5, or --change OID; paths come after it")
    return batches, paths_from_top(opened, options.folder, words[1:] if batches else words)
