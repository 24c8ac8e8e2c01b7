"""Start counting in a folder outside any git repository."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from batchhook.errors import BatchhookError
from batchhook.git import history, shadow_index, shadow_repo, snapshot, trees, untracked
from batchhook.git.location import Location
from batchhook.store import locks
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.counting.init import initialize
from batchhook.workflow.recording.record import append_step


def init_shadow_repo(folder: Path, environment: Mapping[str, str]) -> Location:
    """Create a shadow repository in ``.batchhook/`` below a folder, completely or not at all.

    The files as they are now are the state before the first change.

    Args:
        folder: the top of what is counted; ``locate`` has found no repository around it.
        environment: the caller's.

    Raises:
        BatchhookError: the folder is not suitable, or cannot be written to.
    """
    top = Path(os.path.realpath(folder))
    reason = shadow_repo.reason_against(top, environment)
    if reason:
        raise BatchhookError(
            f"{reason}: batchhook does not keep copies of all that", "go to a project's folder, or -C DIR"
        )
    git_dir = shadow_repo.git_dir_for(top)
    try:
        with locks.lock(shadow_repo.prepare(top)):
            if not shadow_repo.exists(top):  # else another process was faster
                _create(top, environment)
    except OSError as error:
        raise BatchhookError(f"cannot write {error.filename}: {error.strerror}", "check who owns the folder") from error
    return Location(top, git_dir, git_dir, is_shadow=True)


def _create(top: Path, environment: Mapping[str, str]) -> None:
    git_dir = shadow_repo.init(top, environment)
    try:
        location = Location(top, git_dir, git_dir, is_shadow=True)
        initialize(location, location.git(environment))
        with open_project(location, environment=environment) as project:
            _record_starting_point(project)
        shadow_repo.publish(git_dir)
    except BaseException:
        shutil.rmtree(git_dir, ignore_errors=True)
        raise


def _record_starting_point(project: Project) -> None:
    """Start the timeline with the files as they are: they belong to no change, and no rollback removes them."""
    omissions = untracked.find_omissions(project.git, project.settings.snapshot_limit_bytes)
    tree = shadow_index.write_tree(project.git, project.location, omissions)
    count = project.reconcile()
    if count is None or tree == trees.empty_tree(project.git):
        return
    oid = snapshot.commit_tree(project.git, tree, "batchhook: what was there before")
    (start,) = history.read_commits(project.git, [oid])
    with project.database.transaction():
        append_step(project, count, start)
