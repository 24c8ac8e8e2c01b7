"""Rows about branches: their commits, which of these are local, which replaced others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batchhook.core.ledger import Ledger
from batchhook.store import recordings
from batchhook.store.database import Database

DELETED = " (deleted)"
"""End of the name of a branch that was deleted before another one got its name. Git allows no spaces in names."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch when it was last reconciled. ``start`` and ``tip`` are commits, empty if there were none."""

    id: int
    name: str
    start: str
    tip: str


def find(database: Database, name: str) -> Branch | None:
    """Return the branch of this name, if it was ever reconciled."""
    row = database.row("SELECT * FROM branches WHERE name = ?", name)
    return None if row is None else Branch(row["id"], row["name"], row["start"], row["tip"])


def list_all(database: Database) -> list[Branch]:
    """Return every branch that was ever reconciled."""
    rows = database.rows("SELECT * FROM branches")
    return [Branch(row["id"], row["name"], row["start"], row["tip"]) for row in rows]


def list_with_open_batch(database: Database) -> list[Branch]:
    """Return the branches that have an open batch."""
    query = "SELECT branches.* FROM branches JOIN batches ON branch_id = branches.id WHERE status = 'open'"
    return [Branch(row["id"], row["name"], row["start"], row["tip"]) for row in database.rows(query)]


def list_other_tips(database: Database, name: str) -> set[str]:
    """Return the tips of all other branches when they were last reconciled."""
    return {row["tip"] for row in database.rows("SELECT tip FROM branches WHERE name <> ?", name)}


def add(database: Database, name: str, start: str, tip: str) -> Branch:
    """Add a branch; inside a transaction."""
    cursor = database.connection.execute("INSERT INTO branches (name, start, tip) VALUES (?, ?, ?)", (name, start, tip))
    return Branch(int(cursor.lastrowid or 0), name, start, tip)


def rename(database: Database, old: str, new: str) -> None:
    """Rename a branch; inside a transaction. No other one has the new name."""
    database.connection.execute("UPDATE branches SET name = ? WHERE name = ?", (new, old))
    database.connection.execute("UPDATE operations SET branch = ? WHERE branch = ?", (new, old))


def retire(database: Database, branch: Branch) -> None:
    """Free the name of a branch that was deleted; inside a transaction. Its new one cannot be that of any branch."""
    number, name = 1, f"{branch.name}{DELETED}"
    while find(database, name) is not None:
        number += 1
        name = f"{branch.name}{DELETED[:-1]} {number})"
    rename(database, branch.name, name)


def update_tip(database: Database, branch: Branch, tip: str) -> None:
    """Store the tip of a branch; inside a transaction."""
    database.connection.execute("UPDATE branches SET tip = ? WHERE id = ?", (tip, branch.id))


def list_anchors(database: Database) -> set[str]:
    """Return the commits that predate batchhook, along with everything they reach."""
    return {row["oid"] for row in database.rows("SELECT oid FROM anchors")}


def add_anchors(database: Database, oids: Iterable[str]) -> None:
    """Store that these commits, and everything they reach, predate batchhook; inside a transaction."""
    database.connection.executemany("INSERT OR IGNORE INTO anchors VALUES (?)", [(oid,) for oid in oids])


def find_commits(database: Database, branch: Branch, oids: Iterable[str]) -> dict[str, bool]:
    """Return which of these commits were seen on a branch before, and whether they are local (created there)."""
    query = "SELECT is_local FROM commits WHERE branch_id = ? AND oid = ?"
    rows = {oid: database.row(query, branch.id, oid) for oid in oids}
    return {oid: bool(row["is_local"]) for oid, row in rows.items() if row is not None}


def add_commits(database: Database, branch: Branch, oids: Iterable[str], *, is_local: bool) -> None:
    """Add commits of a branch; inside a transaction. A commit that is local stays so."""
    database.connection.executemany(
        "INSERT INTO commits (branch_id, oid, is_local) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET is_local = max(is_local, excluded.is_local)",
        [(branch.id, oid, is_local) for oid in oids],
    )


def add_rewrites(database: Database, pairs: Iterable[tuple[str, str]]) -> None:
    """Add (old, new) pairs; inside a transaction."""
    database.connection.executemany("INSERT OR IGNORE INTO rewrites (old, new) VALUES (?, ?)", list(pairs))


def filter_local(database: Database, branch: Branch, oids: Iterable[str]) -> frozenset[str]:
    """Return which of these commits were created on a branch."""
    return frozenset(oid for oid, is_local in find_commits(database, branch, oids).items() if is_local)


def filter_replaced(database: Database, oids: Iterable[str]) -> frozenset[str]:
    """Return which of these commits are known to have been replaced."""
    olds = frozenset(oids)
    return olds & {row["old"] for row in database.rows("SELECT DISTINCT old FROM rewrites")} if olds else olds


def load_removed_tips(database: Database, branch: Branch) -> list[str]:
    """Return the commits that a branch was at, and whose history it has left; the latest last."""
    return database.metadata(f"removed_tips:{branch.id}").split()


def save_removed_tips(database: Database, branch: Branch, oids: Iterable[str]) -> None:
    """Store the commits that a branch was at, and whose history it has left; inside a transaction."""
    value = " ".join(oids)
    if value != database.metadata(f"removed_tips:{branch.id}"):
        database.set_metadata(f"removed_tips:{branch.id}", value)


def apply_commit_map(database: Database, new_oids: Mapping[str, str]) -> None:
    """Store that all of a repository's commits were rewritten; inside a transaction.

    Args:
        database: of the repository.
        new_oids: new oid of each commit, by its old one.
    """
    add_anchors(database, [new_oids[oid] for oid in list_anchors(database) if oid in new_oids])
    for branch in list_all(database):
        database.connection.execute(
            "UPDATE branches SET start = ?, tip = ? WHERE id = ?",
            (new_oids.get(branch.start, branch.start), new_oids.get(branch.tip, branch.tip), branch.id),
        )
    known = [row["oid"] for row in database.rows("SELECT DISTINCT oid FROM commits")]
    add_rewrites(database, [(oid, new_oids[oid]) for oid in known if oid in new_oids])


def load_ledger(database: Database, branch: Branch, oids: Iterable[str]) -> Ledger:
    """Return what is stored about these commits of a branch, and about all that they replaced."""
    local = {oid for oid, is_local in find_commits(database, branch, oids).items() if is_local}
    rewrites: dict[str, set[str]] = {}
    queue = set(oids)
    while queue:
        new = queue.pop()
        olds = {row["old"] for row in database.rows("SELECT old FROM rewrites WHERE new = ?", new)}
        if olds:
            queue |= olds - rewrites.keys()
            rewrites[new] = olds
    known = set(oids).union(*rewrites.values())
    return Ledger(
        frozenset(local),
        frozenset(oid for oid in known if _is_sealed(database, branch, oid)),
        {new: frozenset(olds) for new, olds in rewrites.items()},
        frozenset(
            oid
            for oid in known
            if is_rollback_commit(database, oid) or recordings.find_duplicate(database, branch.id, oid)
        ),
    )


def add_rollback_commits(database: Database, oids: Iterable[str]) -> None:
    """Add commits that hold exactly the result of a rollback or an undo; inside a transaction."""
    database.connection.executemany("INSERT OR IGNORE INTO rollback_commits VALUES (?)", [(oid,) for oid in oids])


def is_rollback_commit(database: Database, oid: str) -> bool:
    """Return whether a commit holds exactly the result of a rollback or an undo."""
    return database.row("SELECT 1 FROM rollback_commits WHERE oid = ?", oid) is not None


def mark_sealed(database: Database, branch: Branch, oids: Iterable[str]) -> None:
    """Store that a sealed batch of a branch holds these commits; inside a transaction.

    They count in no other batch, even after theirs has been pruned.
    """
    database.connection.executemany(
        "INSERT INTO commits VALUES (?, ?, 1, 1) ON CONFLICT DO UPDATE SET sealed = 1",
        [(branch.id, oid) for oid in oids],
    )


def _is_sealed(database: Database, branch: Branch, oid: str) -> bool:
    query = "SELECT 1 FROM commits WHERE branch_id = ? AND oid = ? AND sealed"
    return database.row(query, branch.id, oid) is not None
