"""Rows about branches: what was seen on them, what was made there, what replaced what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from batchhook.core.ledger import Ledger
from batchhook.store import recordings
from batchhook.store.database import Database


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch as it was last looked at. ``start`` and ``tip`` are commits, empty where there were none."""

    id: int
    name: str
    start: str
    tip: str


def find(database: Database, name: str) -> Branch | None:
    """The branch of that name, if it was ever looked at."""
    row = database.row("SELECT * FROM branches WHERE name = ?", name)
    return None if row is None else Branch(row["id"], row["name"], row["start"], row["tip"])


def all_of(database: Database) -> list[Branch]:
    """Every branch that was ever looked at."""
    rows = database.rows("SELECT * FROM branches")
    return [Branch(row["id"], row["name"], row["start"], row["tip"]) for row in rows]


def others(database: Database, name: str) -> set[str]:
    """Where all other branches stood when they were last looked at."""
    return {row["tip"] for row in database.rows("SELECT tip FROM branches WHERE name <> ?", name)}


def add(database: Database, name: str, start: str, tip: str) -> Branch:
    """Begin to know a branch."""
    cursor = database.connection.execute("INSERT INTO branches (name, start, tip) VALUES (?, ?, ?)", (name, start, tip))
    return Branch(int(cursor.lastrowid or 0), name, start, tip)


def move_tip(database: Database, branch: Branch, tip: str) -> None:
    """Remember where a branch stands."""
    database.connection.execute("UPDATE branches SET tip = ? WHERE id = ?", (tip, branch.id))


def anchors(database: Database) -> set[str]:
    """What was there before us."""
    return {row["oid"] for row in database.rows("SELECT oid FROM anchors")}


def add_anchors(database: Database, oids: Iterable[str]) -> None:
    """Remember that these commits, and all that they reach, were there before us."""
    database.connection.executemany("INSERT OR IGNORE INTO anchors VALUES (?)", [(oid,) for oid in oids])


def met(database: Database, branch: Branch, oids: Iterable[str]) -> dict[str, bool]:
    """Which of these commits were met on a branch before, and whether they were made there."""
    query = "SELECT made_here FROM commits WHERE branch_id = ? AND oid = ?"
    found = {oid: database.row(query, branch.id, oid) for oid in oids}
    return {oid: bool(row["made_here"]) for oid, row in found.items() if row is not None}


def meet(database: Database, branch: Branch, oids: Iterable[str], *, made_here: bool) -> None:
    """Remember commits of a branch; "made here" is never taken back."""
    database.connection.executemany(
        "INSERT INTO commits (branch_id, oid, made_here) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET made_here = max(made_here, excluded.made_here)",
        [(branch.id, oid, made_here) for oid in oids],
    )


def add_rewrites(database: Database, pairs: Iterable[tuple[str, str]]) -> None:
    """Remember (old, new) pairs."""
    database.connection.executemany("INSERT OR IGNORE INTO rewrites (old, new) VALUES (?, ?)", list(pairs))


def ledger(database: Database, branch: Branch, oids: Iterable[str]) -> Ledger:
    """What is known of these commits of a branch, and of all that they replaced."""
    made = {oid for oid, made_here in met(database, branch, oids).items() if made_here}
    rewritten: dict[str, set[str]] = {}
    queue = set(oids)
    while queue:
        new = queue.pop()
        olds = {row["old"] for row in database.rows("SELECT old FROM rewrites WHERE new = ?", new)}
        if olds:
            queue |= olds - rewritten.keys()
            rewritten[new] = olds
    names = set(oids).union(*rewritten.values())
    sealed = {name for name in names if _is_sealed(database, branch, name)}
    echoes = {name for name in names if is_rollback(database, name) or recordings.echo(database, branch.id, name)}
    replaced = {new: frozenset(olds) for new, olds in rewritten.items()}
    return Ledger(frozenset(made), frozenset(sealed), replaced, frozenset(echoes))


def add_rollbacks(database: Database, oids: Iterable[str]) -> None:
    """Remember commits that hold just what batchhook did to go back; inside a transaction."""
    database.connection.executemany("INSERT OR IGNORE INTO rollback_commits VALUES (?)", [(oid,) for oid in oids])


def is_rollback(database: Database, oid: str) -> bool:
    """Whether a commit is remembered as one that holds just what batchhook did to go back."""
    return database.row("SELECT 1 FROM rollback_commits WHERE oid = ?", oid) is not None


def seal(database: Database, branch: Branch, oids: Iterable[str]) -> None:
    """Remember that a full batch of a branch holds these commits: they count in no other, be it pruned or not."""
    database.connection.executemany(
        "INSERT INTO commits VALUES (?, ?, 1, 1) ON CONFLICT DO UPDATE SET sealed = 1",
        [(branch.id, oid) for oid in oids],
    )


def _is_sealed(database: Database, branch: Branch, oid: str) -> bool:
    query = "SELECT 1 FROM commits WHERE branch_id = ? AND oid = ? AND sealed"
    return database.row(query, branch.id, oid) is not None
