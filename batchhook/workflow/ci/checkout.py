"""Opening a checkout in which batchhook need not be installed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from batchhook.git import worktree
from batchhook.git.location import locate, read_head
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from batchhook.workflow.ci.ci_env import branch_under_test
from batchhook.workflow.context import config
from batchhook.workflow.context.config import Said
from batchhook.workflow.context.project import Project


@contextmanager
def opened_for_ci(start: Path, environment: Mapping[str, str], flags: Mapping[str, object]) -> Iterator[Project]:
    """Open the repository around a folder, with a state folder of its own that is gone at the end.

    Whether batchhook is installed there makes no difference: that state is neither read nor written. The folder lies
    where the service wants temporary files (``RUNNER_TEMP``), and not in the git dir.

    Args:
        start: any folder inside the work tree.
        environment: of the process.
        flags: settings given on the command line; those that are None are not given.

    Raises:
        NotARepositoryError, ConfigurationError: there is no repository, or its settings are wrong.
    """
    location = locate(start, environment)
    git, said = location.git(environment), Said(location.top, environment, flags)
    settings = config.load(said, lambda: branch_under_test(environment) or read_head(git, location).branch)
    root = Path(tempfile.mkdtemp(prefix="batchhook-ci-", dir=environment.get("RUNNER_TEMP") or None)).resolve()
    state = StateDir.of(root)
    try:
        state.create()
        database = Database(state.database, create=True)
        try:
            yield Project(location, git, state, database, settings, said)
        finally:
            database.close()
    finally:
        for folder in state.worktrees.glob("batchhook-*"):
            worktree.remove(git, folder)
        shutil.rmtree(root, ignore_errors=True)
