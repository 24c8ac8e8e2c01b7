"""Beginning to count in a folder that no git repository is around."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from batchhook.errors import BatchhookError
from batchhook.git import history, shadow_index, shadow_repo, snapshot, trees
from batchhook.git.location import Location
from batchhook.store import locks
from batchhook.workflow.context.project import Project, opened
from batchhook.workflow.counting.init import begin
from batchhook.workflow.recording.timeline_step import write_down


def begin_without_git(folder: Path, environment: Mapping[str, str]) -> Location:
    """Make a private repository in ``.batchhook/``, beside the files of a folder; all of it or nothing.

    The files as they are now are the state before the first change.

    Args:
        folder: the top of what is going to be counted; ``locate`` has found no repository around it.
        environment: the caller's.

    Returns:
        where it is.

    Raises:
        BatchhookError: it is no folder to do that in, or cannot be written.
    """
    top = Path(os.path.realpath(folder))
    against = shadow_repo.refusal(top, environment)
    if against:
        raise BatchhookError(f"{against}: batchhook keeps no copy of all that", "go to a project's folder, or -C DIR")
    location = Location(top, shadow_repo.git_dir_of(top), shadow_repo.git_dir_of(top), is_private=True)
    try:
        with locks.lock(shadow_repo.prepare(top)):
            if not shadow_repo.is_there(top):  # else another process was faster
                _make(top, environment)
    except OSError as error:
        raise BatchhookError(f"cannot write {error.filename}: {error.strerror}", "check who owns the folder") from error
    return location


def _make(top: Path, environment: Mapping[str, str]) -> None:
    made = shadow_repo.init(top, environment)
    try:
        new = Location(top, made, made, is_private=True)
        begin(new, new.git(environment))
        with opened(new, environment=environment) as project:
            _note_what_is_there(project)
        shadow_repo.put(made)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _note_what_is_there(project: Project) -> None:
    """Let the line begin with the files as they are: they are nobody's change, and no rollback takes them away."""
    tree = shadow_index.tree_of_files(project.git, project.location)
    count = project.reconcile()
    if count is None or tree == trees.empty(project.git):
        return
    oid = snapshot.commit_of_tree(project.git, tree, "batchhook: what was there before")
    (start,) = history.commits(project.git, [oid])
    with project.database.transaction():
        write_down(project, count, start)
