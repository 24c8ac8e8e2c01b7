"""Starting our own processes so that nothing of the terminal's, of git's or of the hook's holds on to them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping

from batchhook.git.environment import scrubbed
from batchhook.git.location import Location
from batchhook.store import batches, locks
from batchhook.store.database import Database
from batchhook.store.layout import StateDir


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
        _start("batchhook.workflow.runner", location, environment)
    return True


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
