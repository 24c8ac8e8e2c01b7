"""Starting our own processes so that nothing of the terminal's, of git's or of the hook's holds on to them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from batchhook.git.environment import scrubbed
from batchhook.git.location import Location
from batchhook.store import batches, locks, outbox
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir

if TYPE_CHECKING:
    from batchhook.workflow.counting.reconcile import Count


def wake(location: Location, database: Database, environment: Mapping[str, str], count: Count | None) -> bool:
    """Start the runner and the teller, whichever has something to do and is not at work.

    Args:
        location: of the repository.
        database: its own.
        environment: the caller's.
        count: where the open batch stands, as far as known.

    Returns:
        whether a batch waits for the runner.
    """
    waits = ensure_runner(location, database, environment)
    ensure_teller(location, database, environment, [change.oid for change in count.changes] if count else ())
    return waits


def ensure_runner(location: Location, database: Database, environment: Mapping[str, str]) -> bool:
    """Start the runner if a batch waits and none is at work.

    With ``BATCHHOOK_NO_RUNNER`` in the environment it is left to the next occasion.

    Returns:
        whether a batch waits.
    """
    state = StateDir.of(location.common_dir)
    if not batches.queued(database):
        state.waiting.unlink(missing_ok=True)
        return False
    if not state.waiting.exists():
        state.waiting.write_text("none\n")
    if not locks.is_locked(state.runner_lock) and not environment.get("BATCHHOOK_NO_RUNNER"):
        _start("batchhook.workflow.pipeline.runner", location, environment)
    return True


def ensure_teller(
    location: Location, database: Database, environment: Mapping[str, str], open_changes: Iterable[str] = ()
) -> None:
    """Start the process that tells plug-ins and others what has happened, if there is news and none is at work.

    Without plug-ins this is one look into the database. With ``BATCHHOOK_NO_RUNNER`` in the environment, and inside of
    a plug-in, it is left to the next occasion.

    Args:
        location: of the repository.
        database: its own.
        environment: the caller's.
        open_changes: names of the open batch's, as far as known.
    """
    state = StateDir.of(location.common_dir)
    if environment.get("BATCHHOOK_NO_RUNNER") or environment.get("BATCHHOOK_RUNNING"):
        return
    if outbox.is_news(database, open_changes) and not locks.is_locked(state.teller_lock):
        _start("batchhook.workflow.pipeline.dispatcher", location, environment)


def _start(module: str, location: Location, environment: Mapping[str, str]) -> None:
    """Start a module of ours as a process of its own session.

    It must not inherit standard output: git and pre-commit wait until everybody has closed it.
    """
    with StateDir.of(location.common_dir).log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-E", "-m", module, os.fspath(location.top)],
            cwd=location.common_dir,  # not the work tree: a sqlite3.py there would be imported
            env=scrubbed(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # For a program that lives on (the Python API): so that it keeps no dead child. A hook ends before this matters.
    threading.Thread(target=process.wait, daemon=True).start()
