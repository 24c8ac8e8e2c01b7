"""Start of our background processes, detached from the terminal, from Git and from the hook."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from batchhook.git.environment import background_environment
from batchhook.git.location import Location
from batchhook.store import batches, deliveries, locks
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir

if TYPE_CHECKING:
    from batchhook.workflow.counting.reconcile import Count


def wake(location: Location, database: Database, environment: Mapping[str, str], count: Count | None) -> bool:
    """Start the runner and the dispatcher, if they have something to do and do not run already.

    Args:
        location: of the repository.
        database: the repository's.
        environment: the caller's.
        count: the branch's count, if known.

    Returns:
        Whether a batch is queued for the runner.
    """
    has_queue = ensure_runner(location, database, environment)
    ensure_dispatcher(location, database, environment, [change.oid for change in count.changes] if count else ())
    return has_queue


def ensure_runner(location: Location, database: Database, environment: Mapping[str, str]) -> bool:
    """Start the runner if a batch is queued and no runner works; not with ``BATCHHOOK_NO_RUNNER`` in the environment.

    Returns:
        Whether a batch is queued.
    """
    state = StateDir.for_repository(location.common_dir)
    if not batches.list_queued(database):
        state.waiting.unlink(missing_ok=True)
        return False
    if not state.waiting.exists():
        state.waiting.write_text("none\n")
    if not locks.is_locked(state.runner_lock) and not environment.get("BATCHHOOK_NO_RUNNER"):
        _spawn_module("batchhook.workflow.pipeline.runner", location, environment)
    return True


def ensure_dispatcher(
    location: Location, database: Database, environment: Mapping[str, str], open_changes: Iterable[str] = ()
) -> None:
    """Start the dispatcher if events are pending and no dispatcher works.

    Without plug-ins this costs one query. Nothing is started with ``BATCHHOOK_NO_RUNNER`` set, or inside a plug-in.

    Args:
        location: of the repository.
        database: the repository's.
        environment: the caller's.
        open_changes: names of the open batch's changes, if known.
    """
    state = StateDir.for_repository(location.common_dir)
    if environment.get("BATCHHOOK_NO_RUNNER") or environment.get("BATCHHOOK_RUNNING"):
        return
    if deliveries.has_pending(database, open_changes) and not locks.is_locked(state.dispatcher_lock):
        _spawn_module("batchhook.workflow.pipeline.dispatcher", location, environment)


def start_commit_run(location: Location, environment: Mapping[str, str]) -> None:
    """Start the run of the tests that the latest commit can affect, if commits do that here."""
    if StateDir.for_repository(location.common_dir).each_commit.exists() and not environment.get("BATCHHOOK_NO_RUNNER"):
        _spawn_module("batchhook.workflow.impact.commit_run", location, environment)


def start_size_update(location: Location, environment: Mapping[str, str]) -> None:
    """Start the process that computes the size of the open batch by the risk of its changes."""
    if not environment.get("BATCHHOOK_NO_RUNNER"):
        _spawn_module("batchhook.workflow.prediction.size_update", location, environment)


def _spawn_module(module: str, location: Location, environment: Mapping[str, str]) -> None:
    """Run one of our modules in a new session.

    It must not inherit standard output: Git and pre-commit wait until all processes have closed it.
    """
    with StateDir.for_repository(location.common_dir).log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-E", "-m", module, os.fspath(location.top)],
            cwd=location.common_dir,  # not the work tree: Python would import a sqlite3.py from there
            env=background_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Reap the child, for a long-lived caller (the Python API). A hook ends before this matters.
    threading.Thread(target=process.wait, daemon=True).start()
