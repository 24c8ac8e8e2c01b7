"""Commits that git-filter-repo rewrote. It deletes the old ones and all reflogs, and leaves a map of their names.

On the hook's path.
"""

from __future__ import annotations

from batchhook.git.location import Location
from batchhook.store import branches
from batchhook.store.database import Database

_COLUMNS = 2


def apply(database: Database, location: Location) -> None:
    """Store which commits replaced those that are known here, once for each version of the map.

    Args:
        database: the repository's; in a transaction.
        location: of the work tree.
    """
    path = location.common_dir / "filter-repo" / "commit-map"
    try:
        version = str(path.stat().st_mtime_ns)
    except OSError:
        return
    if version == database.metadata("commit_map"):
        return
    rows = (line.split() for line in path.read_text("ascii", "replace").splitlines())
    # A commit that was removed has zeros for its new name.
    new_oids = {row[0]: row[1] for row in rows if len(row) == _COLUMNS and row[0] != row[1] and row[1].strip("0")}
    branches.apply_commit_map(database, new_oids)
    database.set_metadata("commit_map", version)
