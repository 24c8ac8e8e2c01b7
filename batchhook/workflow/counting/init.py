"""Initialization of a repository's state folder."""

from __future__ import annotations

from collections.abc import Iterable

from batchhook.errors import StoreError
from batchhook.git import history, refs
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.store import branches
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir


def initialize(location: Location, git: Git, *, anchors: Iterable[str] | None = None) -> bool:
    """Create the state folder and its database, unless they exist already.

    Args:
        location: of the repository.
        git: in the repository.
        anchors: commits that do not count, with all that they reach; by default those that all branches and HEADs point
            at now.

    Returns:
        Whether the folder was created.

    Raises:
        StoreError: the folder or the database cannot be created.
    """
    state = StateDir.for_repository(location.common_dir)
    state.check_kinds()
    is_new = not state.is_installed()
    try:
        state.create()
    except OSError as error:
        raise StoreError(f"cannot create {state.root}: {error.strerror}", "check who owns the folder") from error
    state.uninstalled.unlink(missing_ok=True)
    database = Database(state.database, create=True)
    try:
        with database.transaction():
            if not database.metadata("anchored"):
                branches.add_anchors(database, history.branch_heads(git) if anchors is None else anchors)
                for kind in ("batches", "operations", "records"):
                    database.set_metadata(f"{kind}_reserved", str(refs.highest_number(git, kind)))
                database.set_metadata("anchored", "yes")
    finally:
        database.close()
    return is_new
