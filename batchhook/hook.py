"""What the hooks call: ``hooks/*`` for the ordinary case, Python for all else.

Importing this costs a hook little: standard library only, and the rest when it is needed. Whatever goes wrong is
logged and told in one line; a hook always ends with 0.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from batchhook.git.location import Location
    from batchhook.workflow.context.project import Project
    from batchhook.workflow.counting.reconcile import Count

# A commit waits no longer than this (seconds) for another batchhook's write; the count is made good by the next one.
_PATIENCE = 2.0


def run_script() -> NoReturn:
    """Become a hook's shell script: what ``.pre-commit-hooks.yaml`` calls, with the hook's name as argument."""
    from batchhook.workflow.setup.hook_scripts import HOOKS, script

    name, *arguments = sys.argv[1:] or [""]
    if name not in HOOKS:
        sys.exit(f"usage: batchhook-hook {'|'.join(HOOKS)}")
    if name == "post-rewrite" and not arguments:  # the frameworks tell it by a variable, and hand no pairs on
        arguments = [os.environ.get("PRE_COMMIT_REWRITE_COMMAND", "rebase")]
    os.environ["BATCHHOOK_INTERPRETER"] = sys.executable
    path = os.fspath(script(name))
    os.execv("/bin/sh", ["sh", path, *arguments])  # noqa: S606 - no shell is asked to read anything but our script


def main() -> None:
    """Run as ``python -m batchhook.hook STAGE TOP`` by the shell scripts."""
    stage, top = sys.argv[1:3]
    _guarded(post_commit if stage == "post-commit" else post_rewrite, Path(top))


def _guarded(work: Callable[[Path], None], top: Path) -> None:
    try:
        work(top)
    except KeyboardInterrupt:
        print()  # noqa: T201 - the shell's prompt begins on a line of its own
    except Exception as error:  # noqa: BLE001 - a hook never fails a commit
        _say(_complaint(error))
        _log(top)


def _complaint(error: Exception) -> str:
    from batchhook.errors import BatchhookError

    if isinstance(error, BatchhookError):
        return f"batchhook: {error.message}" + (f" ({error.hint})" if error.hint else "")
    return f"batchhook: {type(error).__name__}: {error} (batchhook doctor; your commit is made)".replace("\n", " ")


def _log(top: Path) -> None:
    from batchhook.git.location import locate
    from batchhook.store.state_dir import StateDir

    try:
        with StateDir.of(locate(top).common_dir).log.open("a", encoding="utf-8") as log:
            log.write(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv[1:])}\n{traceback.format_exc()}")
    except Exception:  # noqa: BLE001, S110 - there is nowhere left to write to
        pass


def post_commit(top: Path) -> None:
    """Count the commit that was just made; when it fills a batch, start the run and let the terminal watch."""
    from batchhook.git.location import locate, read_head
    from batchhook.store import journal
    from batchhook.workflow.context.project import opened

    location = locate(top)
    _begin(location)
    with opened(location, timeout=_PATIENCE) as project:
        if not location.is_rebasing:
            head = read_head(project.git, location)
            journal.append(project.state.journal, journal.Committed(head.branch, head.oid))
        _tell(project, project.reconcile())


def post_rewrite(top: Path) -> None:
    """Look at a rebase's outcome, once, at its end."""
    from batchhook.workflow.context.project import opened

    with opened(top, timeout=_PATIENCE) as project:
        _tell(project, project.reconcile(rebase_has_ended=True))


def _begin(location: Location) -> None:
    """Under pre-commit nobody calls `batchhook install`: the first commit begins, and is the first to count."""
    from batchhook.errors import BatchhookError
    from batchhook.git import history
    from batchhook.git.location import read_head
    from batchhook.store.state_dir import StateDir
    from batchhook.workflow.context.project import has_pending_import
    from batchhook.workflow.counting.init import begin

    if StateDir.of(location.common_dir).exists():
        return
    if has_pending_import(location):
        raise BatchhookError("what was recorded before there was git waits", "batchhook install takes it over")
    git = location.git()
    head = read_head(git, location)
    parents = history.commits(git, [head.oid])[0].parents
    begin(location, git, before=(history.branch_heads(git) - {head.oid}) | set(parents))


def _tell(project: Project, count: Count | None) -> None:
    from batchhook.workflow.status import notices, spawn

    for line in notices.take(project.state):
        _say(line)
    if count is None:
        return
    waits = spawn.wake(project.location, project.database, os.environ, count)
    for number, filled in count.sealed.items():
        _say(f"batchhook: batch {number} is full ({count.fill.counted(filled)}), its tests run in the background")
    if not count.sealed or count.changes:
        _say(f"batchhook: batch {count.batch}, {count.fill.counted(count.filled)}")
    if waits and count.sealed:
        _watch(project, max(count.sealed))


def _watch(project: Project, batch: int) -> None:
    """Let the terminal see the run, for a while; the frameworks hide the user's edits as long as a hook runs."""
    seconds = 0.0 if "PRE_COMMIT" in os.environ else project.settings.wait
    seen = False
    if seconds > 0 and sys.stderr.isatty():
        from batchhook.workflow.status import tty_watch

        seen = tty_watch.watch(project, batch, seconds)
    if not seen:
        _say(f"batchhook: to follow it: batchhook wait {batch}")


def _say(line: str) -> None:
    from batchhook.core.sanitize import one_line

    print(one_line(line), file=sys.stderr)  # noqa: T201 - where git sends what hooks print


if __name__ == "__main__":
    main()
