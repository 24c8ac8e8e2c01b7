"""Beginning to count in a repository."""

from __future__ import annotations

from collections.abc import Iterable

from batchhook.errors import StoreError
from batchhook.git import history, refs
from batchhook.git.command import Git
from batchhook.git.location import Location
from batchhook.store import branches
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir


def begin(location: Location, git: Git, *, before: Iterable[str] | None = None) -> bool:
    """Make the state folder and note what was there before; where that was done already, nothing.

    Args:
        location: of the repository.
        git: in it.
        before: commits that were there before us, with all that they reach; without it, what all branches and HEADs
            point at now.

    Returns:
        whether this is new.

    Raises:
        StoreError: the folder or the database cannot be made.
    """
    state = StateDir.of(location.common_dir)
    is_new = not state.exists()
    try:
        state.create()
    except OSError as error:
        raise StoreError(f"cannot make {state.root}: {error.strerror}", "check who owns the folder") from error
    database = Database(state.database, create=True)
    try:
        with database.transaction():
            if not database.fact("anchored"):
                branches.add_anchors(database, history.branch_heads(git) if before is None else before)
                for kind in ("batches", "operations", "records"):
                    database.set_fact(f"{kind}_before", str(refs.highest(git, kind)))
                database.set_fact("anchored", "yes")
    finally:
        database.close()
    return is_new
