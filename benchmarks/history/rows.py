"""Database content as hooks, runs and searches would have written it, by bulk SQL."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence

from batchhook.store.codecs import COMMIT_COLUMNS
from batchhook.store.database import Database
from batchhook.store.runs import encode_fingerprint
from benchmarks.history.repository import BEGIN, GAP, MODULES, SIZE, Commit, History

EVERY, FAILING, SKIPPED, PROBES = 4, 20, 5, 2
"""Every fourth batch has 20 failing tests (1 % of all outcomes of 500), attributed after two probes; 5 always skip."""
_PASSED, _PARALLEL, _SUITE, _FAILED, _SKIPPED = 0, 1, 2, 4, 6  # as in the table `strings`
_SUITE_ID, _BRANCH = 1, 1
_DESCRIPTION = encode_fingerprint(
    {"python": "3.11", "start_dir": ".", "pattern": "test*.py", "installed": ["a==1", "b==2"]}
)
_AUTHOR = "A Benchmark <benchmark@example.com>"
_TRACEBACK = """\
Traceback (most recent call last):
  File "package/test_module{module:02}.py", line {line}, in test_what_it_does_in_case_{test}
    self.assertEqual(self.subject.compute(first={line}, second={batch}), expected)
  File "package/subject.py", line {line}, in compute
    return self._prepared(first).combined_with(self._prepared(second))
  File "package/subject.py", line {batch}, in combined_with
    raise ValueError(f"cannot combine {{self!r}} with {{other!r}}: they are of different kinds")
AssertionError: {line} != {batch} : what it does in case {test} is not what was expected of it
"""


def write(history: History, commits: Sequence[Commit]) -> int:
    """Write all rows.

    Returns:
        The number of outcomes.
    """
    database = Database(history.state.database)
    connection = database.connection
    for pragma in ("foreign_keys = OFF", "synchronous = OFF"):  # faster; there is nothing to lose
        connection.execute(f"PRAGMA {pragma}")
    with database.transaction():
        _write(database, "branches", [(_BRANCH, "refs/heads/main", commits[0].parent, commits[-1].oid)])
        _write(database, "commits", ((_BRANCH, commit.oid, 1, 1) for commit in commits))
        _write(database, "suites", [(_SUITE_ID, _DESCRIPTION)])
        _write_changes(database, commits)
        _write_tests(database, history)
        for batch in range(1, history.batches + 1):
            _write_run(database, history, commits[(batch - 1) * SIZE : batch * SIZE], batch)
        database.set_metadata("journal_offset", str(history.state.journal.stat().st_size))
    outcomes = int(database.rows("SELECT sum(tests) FROM runs")[0][0])
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return outcomes


def _write(database: Database, table: str, rows: Iterable[Sequence[object]], columns: str = "") -> None:
    iterator = iter(rows)
    first = next(iterator, None)
    if first is not None:
        query = f"INSERT INTO {table}{columns and f' ({columns})'} VALUES ({', '.join('?' * len(first))})"
        database.connection.execute(query, first)
        database.connection.executemany(query, iterator)


def _write_changes(database: Database, commits: Sequence[Commit]) -> None:
    _write(
        database,
        "changes",
        (
            (
                *(each + 1, each // SIZE + 1, each % SIZE + 1, commit.oid, commit.tree, commit.parent),
                *(commit.base_tree, _AUTHOR, BEGIN + GAP * each, BEGIN + GAP * each, commit.subject),
            )
            for each, commit in enumerate(commits)
        ),
        f"id, batch_id, position, {COMMIT_COLUMNS}",
    )
    _write(
        database,
        "file_edits",
        (
            (each + 1, commit.path, "modified", "100644", hashlib.sha256(commit.after).hexdigest())
            for each, commit in enumerate(commits)
        ),
    )


def _write_tests(database: Database, history: History) -> None:
    columns = "id, name, module, duration, last_failed, isolation_verified, flips, passes, breaks, last_run"
    _write(
        database,
        "tests",
        (
            (
                *(test, f"{_module(test)}.Test{test % MODULES}.test_what_it_does_in_case_{test}", _module(test)),
                *(0.01, 0, 1, test % 97 == 0, history.batches, history.batches // 100),
                _runs_before(history.batches) + 1,
            )
            for test in range(1, history.tests + 1)
        ),
        columns,
    )


def _module(test: int) -> str:
    return f"package.test_module{test % MODULES:02}"


def _runs_before(batch: int) -> int:
    """Return the number of runs before a batch's: one for each batch, and probes for those that failed."""
    return batch - 1 + PROBES * ((batch - 1) // EVERY)


def _write_run(database: Database, history: History, commits: Sequence[Commit], batch: int) -> None:
    """Write a batch with its run and, if tests fail, the culprit search."""
    chance = random.Random(batch)
    run, head = _runs_before(batch) + 1, commits[-1]
    failing = sorted(chance.sample(range(SKIPPED + 1, history.tests + 1), FAILING)) if batch % EVERY == 0 else []
    at = BEGIN + GAP * SIZE * batch
    verdict = "failed" if failing else "passed"
    columns = "id, branch_id, size, status, base, head, opened_at, sealed_at, run_id, verdict, finalized, filled"
    row = (batch, _BRANCH, SIZE, "finished", commits[0].parent, head.oid, at - GAP * SIZE, at, run, verdict, 1, SIZE)
    _write(database, "batches", [row], columns)
    seconds = history.tests * 0.02
    _add_run(database, (run, head.tree, at, seconds, 1, 0), history.tests, len(failing), SKIPPED)
    _write(database, "outcomes", _outcomes(history, run, frozenset(failing), chance))
    skips = ((run, test, "", f"needs service {test}", "", "", 0, "") for test in range(1, SKIPPED + 1))
    _write(database, "outcome_details", skips)
    _write(database, "outcome_details", (_text(run, test, batch) for test in failing))
    if failing:
        _write_search(database, commits, batch, run, failing)


def _outcomes(history: History, run: int, failing: frozenset[int], chance: random.Random) -> Iterator[Sequence[object]]:
    noise = [chance.lognormvariate(0, 0.1) for _ in range(64)]
    for test in range(1, history.tests + 1):
        usual = 200 + test * test * 7919 % 40_000  # microseconds; each test has its own
        duration = int(usual * noise[test % 64])
        if test in failing:
            yield run, test, test, _FAILED, duration, _SUITE, None
        elif test <= SKIPPED:
            yield run, test, test, _SKIPPED, 5, _PARALLEL, None
        else:
            yield run, test, test, _PASSED, duration, _PARALLEL, None


def _text(run: int, test: int, batch: int) -> Sequence[object]:
    text = _TRACEBACK.format(module=test % MODULES, line=test + 10, test=test, batch=batch)
    location = f"package/test_module{test % MODULES:02}.py:{test + 10}"
    return run, test, "AssertionError", text.splitlines()[-1][16:], location, text, 0, ""


def _write_search(database: Database, commits: Sequence[Commit], batch: int, run: int, failing: Sequence[int]) -> None:
    """Write two probes, and one culprit for all tests."""
    guilty = batch // EVERY % SIZE + 1
    for probe, position in enumerate((guilty - 1, guilty), start=1):
        tree = commits[position - 1].tree if position else commits[0].base_tree
        failed = len(failing) * (position == guilty)
        at = BEGIN + GAP * SIZE * batch + 20 * probe
        _add_run(database, (run + probe, tree, at, 2.0, 0, 1), len(failing), failed, 0)
        ending = _FAILED if failed else _PASSED
        numbered = list(enumerate(failing, start=1))
        outcomes = ((run + probe, number, test, ending, 9000, _SUITE, None) for number, test in numbered)
        _write(database, "outcomes", outcomes)
        if failed:
            details = ((run + probe, number, *_text(run, test, batch)[2:]) for number, test in numbered)
            _write(database, "outcome_details", details)
    revisions = [commits[0].parent, *(commit.oid for commit in commits)]
    _write(database, "search_revisions", ((batch, position, oid) for position, oid in enumerate(revisions)))
    _write(database, "attributions", ((batch, test, "culprit", 0.995, guilty, guilty, "") for test in failing))
    observations = {guilty - 1: (1, 0), guilty: (0, 1)} | {SIZE: (0, 3)}
    evidence = ((batch, test, position, *counts, "") for test in failing for position, counts in observations.items())
    _write(database, "evidence", evidence)


def _add_run(database: Database, run: Sequence[object], tests: int, failed: int, skipped: int) -> None:
    columns = (
        "id, tree, started_at, duration, is_complete, is_probe, suite_id, broken_reason, hint,"
        " tests, passed, failed, skipped"
    )
    values = (*run, _SUITE_ID, "", "", tests, tests - failed - skipped, failed, skipped)
    _write(database, "runs", [values], columns)
