"""Python side of the Git hooks: whatever ``hooks/*`` cannot decide in sh.

On the path of a commit, so it imports the standard library only, and everything else when it is needed. An error is
logged and reported in one line; a hook always exits with 0.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from batchhook.git.location import Head, Location
    from batchhook.workflow.context.project import Project
    from batchhook.workflow.counting.reconcile import Count

_DATABASE_TIMEOUT = 2.0
"""Seconds for which a commit waits for another process's write; if that takes longer, the next hook counts it."""


def run_script() -> NoReturn:
    """Replace this process by a hook's shell script: the entry point of ``.pre-commit-hooks.yaml``.

    Its first argument is the hook's name.
    """
    from batchhook.core.hook_text import HOOKS
    from batchhook.workflow.setup.hook_scripts import script

    name, *arguments = sys.argv[1:] or [""]
    if name not in HOOKS:
        sys.exit(f"usage: batchhook-hook {'|'.join(HOOKS)}")
    if name == "post-rewrite" and not arguments:  # the frameworks pass it in a variable, and no pairs of commits
        arguments = [os.environ.get("PRE_COMMIT_REWRITE_COMMAND", "rebase")]
    if name == "post-merge" and not arguments:
        arguments = [os.environ.get("PRE_COMMIT_IS_SQUASH_MERGE", "0")]
    os.environ["BATCHHOOK_INTERPRETER"] = sys.executable
    path = os.fspath(script(name))
    os.execv("/bin/sh", ["sh", path, *arguments])  # noqa: S606 - sh reads nothing but our own script


def main() -> None:
    """Run as ``python -m batchhook.hook STAGE TOP [BRANCH OID]`` by the shell scripts.

    BRANCH and OID are HEAD as the script read it: a full ref name, or the name of a detached HEAD, and its commit.
    """
    stage, top, *head = sys.argv[1:]
    try:
        handle(stage, Path(top), *head)
    except KeyboardInterrupt:
        print()  # noqa: T201 - so that the shell's prompt starts on a line of its own
    except Exception as error:  # noqa: BLE001 - a hook never fails a commit
        _print_line(_format_error(error))
        _log_traceback(Path(top))


def _format_error(error: Exception) -> str:
    from batchhook.errors import BatchhookError

    if isinstance(error, BatchhookError):
        return f"batchhook: {error.message}" + (f" ({error.hint})" if error.hint else "")
    message = f"batchhook: {type(error).__name__}: {error} (your commit was made; to find the cause: batchhook doctor)"
    return message.replace("\n", " ")


def _log_traceback(top: Path) -> None:
    from batchhook.git.location import locate
    from batchhook.store.state_dir import StateDir

    try:
        with StateDir.for_repository(locate(top).common_dir).log.open("a", encoding="utf-8") as log:
            log.write(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv[1:])}\n{traceback.format_exc()}")
    except Exception:  # noqa: BLE001, S110 - there is nowhere left to write to
        pass


def handle(stage: str, top: Path, branch: str = "", oid: str = "") -> None:
    """Count after a commit, a rebase, a merge or applied patches, print the count, and start what it calls for.

    A commit that fills a batch starts its run, and the terminal watches it for a while.

    Args:
        stage: ``post-commit``, ``post-rewrite``, ``post-merge`` or ``post-applypatch``.
        top: the work tree's top folder.
        branch: HEAD's branch, as ``Head`` has it; with ``oid``, HEAD as the hook read it. Without, it is read here.
        oid: HEAD's commit.
    """
    from batchhook.git.location import Head, locate, read_head
    from batchhook.store.state_dir import StateDir
    from batchhook.workflow.context.project import open_project
    from batchhook.workflow.counting.reconcile import HookEvent

    location = locate(top)
    head = Head(os.fsencode(branch).decode("utf-8", "surrogateescape"), oid)
    if not oid:
        head = read_head(location.git(), location)
    if stage == "post-commit" and not StateDir.for_repository(location.common_dir).is_installed():
        _initialize(location, head)
    with open_project(location, timeout=_DATABASE_TIMEOUT, branch=head.branch) as project:
        if stage == "post-merge":
            _report_merge(project, project.reconcile(), oid)
        else:
            _report_count(project, project.reconcile(HookEvent(head, is_commit=stage == "post-commit")))


def _initialize(location: Location, head: Head) -> None:
    """Start counting with this commit: under a hook framework there is no ``batchhook install``."""
    from batchhook.errors import BatchhookError
    from batchhook.git import history
    from batchhook.store import journal
    from batchhook.store.state_dir import StateDir
    from batchhook.workflow.context.project import has_pending_import
    from batchhook.workflow.counting.init import initialize

    if has_pending_import(location):
        message = "changes were recorded here before there was a git repository, and are not imported yet"
        raise BatchhookError(message, "batchhook install imports them")
    git = location.git()
    parents = history.read_commits(git, [head.oid])[0].parents
    initialize(location, git, anchors=(history.branch_heads(git) - {head.oid}) | set(parents))
    # The script could not write it: there was no folder yet.
    journal.append(StateDir.for_repository(location.common_dir).journal, journal.CommitEntry(head.branch, head.oid))


def _report_count(project: Project, count: Count | None) -> None:
    from batchhook.workflow.status import affected_note, notices, spawn

    for line in notices.pop_lines(project.state):
        _print_line(line)
    if count is None:
        return
    has_queue = spawn.wake(project.location, project.database, os.environ, count)
    for number, filled in count.sealed.items():
        progress = count.quota.format_progress(filled)
        _print_line(f"batchhook: batch {number} is full ({progress}), its tests run in the background")
    if not count.sealed or count.changes:
        note = affected_note.read(project.state, count.branch, count.changes[-1].parent if count.changes else "")
        progress = f"{count.quota.format_progress(count.filled)}{f' · {note}' if note else ''}"
        _print_line(f"batchhook: batch {count.batch}, {progress}")
        spawn.start_commit_run(project.location, os.environ)
        if project.is_size_adaptive:
            spawn.start_size_update(project.location, os.environ)
    if has_queue and count.sealed:
        _watch_run(project, max(count.sealed))


def _report_merge(project: Project, count: Count | None, oid: str) -> None:
    """Report the count if the merge at HEAD changed it; a merge that was pulled does not."""
    if count is not None and (count.sealed or any(change.oid == oid for change in count.changes)):
        _report_count(project, count)


def _watch_run(project: Project, batch: int) -> None:
    """Show the run at the terminal for a while; not under a framework, which hides unstaged edits during a hook."""
    seconds = 0.0 if "PRE_COMMIT" in os.environ else project.settings.wait
    has_ended = False
    if seconds > 0 and sys.stderr.isatty():
        from batchhook.workflow.status import tty_watch

        has_ended = tty_watch.watch_run(project, batch, seconds)
    if not has_ended:
        _print_line(f"batchhook: to follow it: batchhook wait {batch}")


def _print_line(line: str) -> None:
    from batchhook.core.sanitize import one_line

    print(one_line(line), file=sys.stderr)  # noqa: T201 - where git expects what hooks print


if __name__ == "__main__":
    main()
