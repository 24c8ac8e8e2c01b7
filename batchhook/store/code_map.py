"""The map of the code that each test runs, and the parsed files that it is made with."""

from __future__ import annotations

import hashlib
import json
import sys
import time
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence

from batchhook.core.impact.code_map import CodeMap, CodePart, CodeRecord
from batchhook.core.impact.source_code import FunctionBody, SourceCode
from batchhook.core.sanitize import escape_surrogates
from batchhook.store import runs
from batchhook.store.database import Database

MAX_TESTS = 10_000
"""Tests of a suite that are recorded; the others count as affected by everything."""
MAX_SUITES = 4
"""Suites whose map is held: those recorded last. A new Python, or other dependencies, make a suite a new one."""
MAX_PARTS = 100_000
"""Parts from which on those that no record holds are dropped."""
MAX_PARSED_FILES = 5_000
"""Parsed files that are held; the newest."""

_PARSER = f"1-{sys.version_info[0]}.{sys.version_info[1]}"
"""Version of what ``parse_source`` returns, which depends on the Python that parses."""


def load(database: Database, suite: Mapping[str, object]) -> CodeMap:
    """Return the map of a suite; empty if none of its runs was recorded.

    Args:
        database: of the repository.
        suite: its fingerprint.
    """
    rows = database.rows(
        "SELECT test, tree, run_set, import_set FROM code_records JOIN suites ON suites.id = suite_id"
        " WHERE fingerprint = ?",
        runs.encode_fingerprint(suite),
    )
    if not rows:
        return CodeMap({}, {})
    wanted = json.dumps(sorted({row["run_set"] for row in rows} | {row["import_set"] for row in rows}))
    stored = database.rows("SELECT id, parts FROM code_sets WHERE id IN (SELECT value FROM json_each(?))", wanted)
    sets = {row["id"]: _decode(row["parts"]) for row in stored}
    numbers = {CodePart(row["path"], row["name"]): row["id"] for row in database.rows("SELECT * FROM code_parts")}
    return CodeMap(
        numbers, {row["test"]: CodeRecord(row["tree"], sets[row["run_set"]], sets[row["import_set"]]) for row in rows}
    )


def has_any(database: Database) -> bool:
    """Return whether any suite has a map."""
    return database.row("SELECT 1 FROM code_records LIMIT 1") is not None


def add(
    database: Database,
    suite: Mapping[str, object],
    tree: str,
    records: Mapping[str, tuple[Iterable[CodePart], Iterable[CodePart]]],
) -> None:
    """Store what tests have run; it replaces what is known of them.

    Args:
        database: of the repository.
        suite: its fingerprint.
        tree: that the tests ran on.
        records: parts that each test runs, and those that run when its module is imported; by test id.
    """
    now = time.time()
    with database.transaction() as connection:
        fingerprint = runs.encode_fingerprint(suite)
        connection.execute("INSERT OR IGNORE INTO suites (fingerprint) VALUES (?)", (fingerprint,))
        (suite_id,) = connection.execute("SELECT id FROM suites WHERE fingerprint = ?", (fingerprint,)).fetchone()
        parts = {part for several in records.values() for group in several for part in group}
        numbers = _intern_parts(database, parts)
        sets: dict[frozenset[CodePart], int] = {}
        rows: list[tuple[object, ...]] = []
        known = {row["test"] for row in database.rows("SELECT test FROM code_records WHERE suite_id = ?", suite_id)}
        for test, groups in records.items():
            name = escape_surrogates(test)
            if name not in known and len(known) >= MAX_TESTS:
                continue
            known.add(name)
            own, imports = (_intern_set(database, frozenset(group), numbers, sets) for group in groups)
            rows.append((suite_id, name, tree, own, imports, now))
        connection.executemany("INSERT OR REPLACE INTO code_records VALUES (?, ?, ?, ?, ?, ?)", rows)
        _prune(database)


def advance(database: Database, suite: Mapping[str, object], tests: Iterable[str], tree: str) -> None:
    """Note that the records of some tests hold for a later tree, too."""
    with database.transaction() as connection:
        connection.execute(
            "UPDATE code_records SET tree = ? WHERE test IN (SELECT value FROM json_each(?))"
            " AND suite_id = (SELECT id FROM suites WHERE fingerprint = ?)",
            (tree, json.dumps([escape_surrogates(test) for test in tests]), runs.encode_fingerprint(suite)),
        )


def _intern_parts(database: Database, parts: Iterable[CodePart]) -> dict[CodePart, int]:
    ordered = [(part, escape_surrogates(part.path), escape_surrogates(part.name)) for part in sorted(parts)]
    database.connection.executemany(
        "INSERT OR IGNORE INTO code_parts (path, name) VALUES (?, ?)", [(path, name) for _, path, name in ordered]
    )
    stored = {(row["path"], row["name"]): row["id"] for row in database.rows("SELECT * FROM code_parts")}
    return {part: stored[path, name] for part, path, name in ordered}


def _intern_set(
    database: Database,
    parts: frozenset[CodePart],
    numbers: Mapping[CodePart, int],
    sets: dict[frozenset[CodePart], int],
) -> int:
    number = sets.get(parts)
    if number is None:
        data = _encode(numbers[part] for part in parts)
        digest = hashlib.sha256(data).digest()
        query = "INSERT OR IGNORE INTO code_sets (digest, parts) VALUES (?, ?)"
        database.connection.execute(query, (digest, zlib.compress(data, 6)))
        (number,) = database.connection.execute("SELECT id FROM code_sets WHERE digest = ?", (digest,)).fetchone()
        sets[parts] = number
    return number


def _encode(numbers: Iterable[int]) -> bytes:
    data = array("I", sorted(numbers))
    if sys.byteorder == "big":
        data.byteswap()
    return data.tobytes()


def _decode(data: bytes) -> Sequence[int]:
    numbers = array("I")
    numbers.frombytes(zlib.decompress(data))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _prune(database: Database) -> None:
    """Drop the maps of suites that have not been recorded for long, and what no record refers to."""
    connection = database.connection
    connection.execute(
        "DELETE FROM code_records WHERE suite_id NOT IN"
        " (SELECT suite_id FROM code_records GROUP BY suite_id ORDER BY max(recorded_at) DESC LIMIT ?)",
        (MAX_SUITES,),
    )
    connection.execute(
        "DELETE FROM code_sets WHERE id NOT IN"
        " (SELECT run_set FROM code_records UNION SELECT import_set FROM code_records)"
    )
    (count,) = connection.execute("SELECT count(*) FROM code_parts").fetchone()
    if count > MAX_PARTS:
        used = {number for row in database.rows("SELECT parts FROM code_sets") for number in _decode(row["parts"])}
        query = "DELETE FROM code_parts WHERE id NOT IN (SELECT value FROM json_each(?))"
        connection.execute(query, (json.dumps(sorted(used)),))


def delete_tests(database: Database, suite: Mapping[str, object], existing: Iterable[str]) -> None:
    """Drop the records of tests that do not exist any more.

    Args:
        database: of the repository.
        suite: its fingerprint.
        existing: ids of all tests that do.
    """
    with database.transaction() as connection:
        connection.execute(
            "DELETE FROM code_records WHERE suite_id = (SELECT id FROM suites WHERE fingerprint = ?)"
            " AND test NOT IN (SELECT value FROM json_each(?))",
            (runs.encode_fingerprint(suite), json.dumps([escape_surrogates(test) for test in existing])),
        )


# --- parsed files ---------------------------------------------------------------------------------------------------


def load_parsed(database: Database, files: Iterable[tuple[str, str]]) -> dict[tuple[str, str], SourceCode]:
    """Return the parsed files that are known, by path and blob."""
    keys = {_key(path, blob): (path, blob) for path, blob in files}
    query = "SELECT key, code FROM parsed_files WHERE key IN (SELECT value FROM json_each(?))"
    rows = database.rows(query, json.dumps(list(keys)))
    return {keys[row["key"]]: _decode_source(row["code"]) for row in rows}


def add_parsed(database: Database, files: Mapping[tuple[str, str], SourceCode]) -> None:
    """Store parsed files, by path and blob."""
    rows = [(_key(path, blob), _encode_source(code)) for (path, blob), code in files.items()]
    with database.transaction() as connection:
        connection.executemany("INSERT OR IGNORE INTO parsed_files (key, code) VALUES (?, ?)", rows)
        connection.execute(
            "DELETE FROM parsed_files WHERE id <= (SELECT max(id) FROM parsed_files) - ?", (MAX_PARSED_FILES,)
        )


def _key(path: str, blob: str) -> str:
    return f"{_PARSER} {blob} {escape_surrogates(path)}"


def _encode_source(code: SourceCode) -> bytes:
    functions = [[body.name, body.first_line, body.last_line, body.checksum] for body in code.functions]
    document = [code.top_level, functions, sorted(code.imports), code.is_dynamic]
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode())


def _decode_source(data: bytes) -> SourceCode:
    top_level, functions, imports, is_dynamic = json.loads(zlib.decompress(data))
    return SourceCode(top_level, tuple(FunctionBody(*row) for row in functions), frozenset(imports), is_dynamic)
