"""Pruning: whatever the history, what stays reads as before, and no reference dangles."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as some

from batchhook.core.batch import BatchQuota
from batchhook.core.commit import Commit, EditStatus, FileEdit
from batchhook.core.culprits.attribution import Attribution, AttributionKind, Observation
from batchhook.core.ledger import BatchSlice, Ledger
from batchhook.core.operations import Operation, OperationKind, OperationStatus, find_undo_target
from batchhook.core.perf.significance import Conclusion, TimingComparison
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.core.results import Outcome, Run, SuiteResult, TestResult
from batchhook.core.retention import RetentionRule, decide_retention
from batchhook.core.rollback import RollbackMode, Selection
from batchhook.core.verdict import Verdict
from batchhook.errors import BatchhookError, NoSuchBatchError
from batchhook.store import attributions, baselines, batches, branches, operations, pruning, runs, slowdowns
from batchhook.store.database import Database

BRANCHES = ("refs/heads/main", "refs/heads/side")
LIVE_BRANCHES = frozenset(BRANCHES)
BATCH_TABLES = ("search_revisions", "attributions", "evidence", "auto_rollbacks")


@dataclass(frozen=True)
class Step:
    """A batch in a generated history, with its result and what was done after it."""

    branch: str
    is_failing: bool
    is_finished: bool
    has_manual_run: bool
    has_probe: bool
    is_baseline: bool
    operation: str


HISTORIES = some.lists(
    some.builds(
        Step,
        some.sampled_from(BRANCHES),
        *([some.booleans()] * 5),
        some.sampled_from(["", "", "rollback", "undone", "interrupted"]),
    ),
    min_size=1,
    max_size=8,
)
RULES = some.builds(RetentionRule, some.integers(1, 6)) | some.builds(
    RetentionRule, some.none(), some.sampled_from([2.0, 4.0, 100.0])
)


@contextmanager
def history(steps: list[Step]) -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder, closing(Database(Path(folder) / "state.db", create=True)) as database:
        for number, step in enumerate(steps, 1):
            add_step(database, number, step)
        yield database


def add_step(database: Database, number: int, step: Step) -> None:
    change = Commit(f"c{number}", f"t{number}", (f"c{number - 1}",), f"t{number - 1}", "A", 0, 0, "s")
    with database.transaction() as connection:
        branch = branches.find(database, step.branch) or branches.add(database, step.branch, "c0", "c0")
        batches.ensure_open(database, branch, 1)
        batches.seal(database, branch, BatchSlice((change,), 1), BatchQuota(1))
        connection.execute(
            "UPDATE batches SET opened_at = ?, sealed_at = ? WHERE id = ?", (number, number + 0.5, number)
        )
    batches.save_edits(database, number, {change.oid: [FileEdit("a", EditStatus.MODIFIED, "100644", "0" * 64)]})
    run = make_run(number, change.tree, failing=step.is_failing)
    verdict = Verdict.FAILED if step.is_failing else Verdict.PASSED
    runs.finish_batch(database, number, run, verdict, searching=step.is_failing)
    if step.is_failing:
        evidence = (Observation(f"c{number - 1}", passed=1), Observation(change.oid, failed=2))
        attribution = Attribution(AttributionKind.CULPRIT, 0.99, (change.oid,), evidence)
        attributions.finish_search(
            database, number, [f"c{number - 1}", change.oid], {("m.T.b", "m"): attribution}, Verdict.FAILED
        )
    comparison = TimingComparison(Conclusion.SLOWER, 1.0, 2.0, 0.001)
    slowdown = Slowdown("m.T.a", comparison, evidence=(Timings(change.oid, (1.0, 1.1), (2.0, 2.1)),))
    slowdowns.finish_measuring(database, number, [slowdown] if step.is_failing else [])
    if step.is_finished:
        batches.finish(database, number)
        batches.mark_finalized(database, number)
    if step.has_manual_run:
        runs.add(database, make_run(number, f"manual {number}", failing=False, name=f"only{number}"))
    if step.has_probe:
        runs.add(database, make_run(number, change.base_tree, failing=False, is_probe=True))
    if step.is_baseline:
        baselines.save(database, number, change.oid, forced=False)
        database.connection.execute("UPDATE baselines SET set_at = ?", (number,))
    if step.operation:
        add_operations(database, number, step.operation)


def make_run(number: int, tree: str, *, failing: bool, name: str = "b", is_probe: bool = False) -> Run:
    results = (
        TestResult("m.T.a", "m", Outcome.PASSED, 0.1),
        TestResult(f"m.T.{name}", "m", Outcome.FAILED if failing else Outcome.PASSED, message="no" * failing),
    )
    result = SuiteResult(results, 1.0, is_complete=not is_probe)
    return Run(tree, {"python": "3"}, number + 0.7, result, is_probe=is_probe)


def add_operations(database: Database, batch: int, kind: str) -> None:
    first = operations.next_id(database)
    selection, intent = Selection((batch,)), OperationStatus.INTENT
    rollback = Operation(
        first, OperationKind.ROLLBACK, RollbackMode.FILES, selection, intent, "/top", "b", "a", batch + 0.8
    )
    operations.save_intent(database, rollback)
    if kind != "interrupted":
        operations.mark_ended(database, first, OperationStatus.DONE)
    if kind == "undone":
        undo = replace(rollback, id=first + 1, kind=OperationKind.UNDO, started_at=batch + 0.9, undoes=first)
        operations.save_intent(database, undo)
        operations.mark_ended(database, first + 1, OperationStatus.DONE)


def find_undoable(database: Database) -> Operation | None:
    try:
        return find_undo_target(operations.list_all(database), "/top")
    except BatchhookError:
        return None


def prune(database: Database, rule: RetentionRule, seconds: float = 0.0) -> tuple[int, ...]:
    decision = decide_retention(pruning.load_batches(database), pruning.load_operations(database), LIVE_BRANCHES, rule)
    remaining = list(decision.expired)
    while remaining:
        with database.transaction():
            removed = pruning.remove_batches(database, remaining, seconds)
        remaining = remaining[removed:]
    is_done = False
    while not is_done:
        with database.transaction():
            is_done = pruning.remove_runs(database, decision.cutoff, seconds)
    pruning.remove_orphans(database)
    database.vacuum()
    return decision.expired


def load_everything(database: Database, number: int) -> object:
    return (
        batches.load(database, number),
        batches.load_edits(database, number),
        runs.load_for_batch(database, number),
        runs.load_totals(database, number),
        attributions.load(database, number),
        slowdowns.load(database, number),
    )


def load_ledgers(database: Database, numbers: Sequence[int]) -> list[Ledger]:
    oids = [f"c{number}" for number in numbers]
    return [branches.load_ledger(database, branch, oids) for branch in branches.list_all(database)]


def load_tests(database: Database) -> dict[str, tuple[object, ...]]:
    return {row["name"]: tuple(row) for row in database.rows("SELECT * FROM tests")}


@settings(max_examples=60, deadline=None)
@given(HISTORIES, RULES)
def test_what_stays_reads_as_before(steps: list[Step], rule: RetentionRule) -> None:
    with history(steps) as database:
        numbers = range(1, len(steps) + 1)
        before = {number: load_everything(database, number) for number in numbers}
        previous = {number: batches.find_previous_finished(database, number) for number in numbers}
        tests, undoable, baseline = load_tests(database), find_undoable(database), baselines.load(database)
        next_ids = [database.next_id("batches"), database.next_id("operations")]
        ledgers = load_ledgers(database, numbers)
        latest = max(row["id"] for row in database.rows("SELECT id FROM runs WHERE is_complete"))
        latest_tests = {result.test_id for result in runs.load_results(database, latest)}

        pruned = prune(database, rule)

        assert database.rows("PRAGMA foreign_key_check") == []
        assert database.rows("PRAGMA integrity_check")[0][0] == "ok"
        for number in set(numbers) - set(pruned):
            assert load_everything(database, number) == before[number]
            expected = 0 if previous[number] in pruned else previous[number]
            assert batches.find_previous_finished(database, number) == expected
        assert pruning.list_pruned(database) == set(pruned)
        assert find_undoable(database) == undoable
        assert baselines.load(database) == baseline
        if baseline:
            assert runs.load(database, baseline.run).result.totals.tests == 2
        assert [database.next_id("batches"), database.next_id("operations")] == next_ids
        assert load_ledgers(database, numbers) == ledgers
        assert {name: row for name, row in load_tests(database).items() if name in latest_tests} == {
            name: tests[name] for name in latest_tests
        }
        probed = {f"t{number - 1}" for number, step in enumerate(steps, 1) if step.has_probe and not step.is_finished}
        assert probed <= {row["tree"] for row in database.rows("SELECT tree FROM runs WHERE is_probe")}
        assert prune(database, rule) == ()


def test_all_rows_of_pruned_batches_are_removed() -> None:
    steps = [Step(BRANCHES[0], True, True, True, True, False, "undone") for _ in range(5)]  # noqa: FBT003 - as above
    with history(steps) as database:
        assert pruning.estimate_removal(database, [1, 2, 3, 4], 5.0) == pruning.DatabaseUsage(
            4, 12, 24, round(pruning.measure_usage(database).size * 24 / 30)
        )
        assert prune(database, RetentionRule(keep=1)) == (1, 2, 3, 4)
        expected = {
            "batches": 1,
            "changes": 1,
            "file_edits": 1,
            "runs": 3,
            "outcomes": 6,
            "outcome_details": 1,
            "operations": 2,
            "evidence": 2,
        }
        assert {table: database.rows(f"SELECT count(*) FROM {table}")[0][0] for table in expected} == expected
        assert set(load_tests(database)) == {"m.T.a", "m.T.b", "m.T.only5"}
        with pytest.raises(NoSuchBatchError, match=r"^batch 3 was pruned on 2"):
            batches.load(database, 3)
        assert pruning.find_pruned_operations(database, ()) == set(range(1, 9))


def test_rows_that_belong_to_a_part_of_a_batch_are_removed() -> None:
    steps = [Step(BRANCHES[0], True, True, False, False, False, "") for _ in range(2)]  # noqa: FBT003 - as above
    with history(steps) as database:
        with database.transaction() as connection:
            connection.executemany("INSERT INTO metrics VALUES (?, 'plug-in', 'name', '1')", [(1,), (2,)])
            connection.executemany("INSERT INTO auto_rollbacks VALUES (?, 'proposed', '', '', NULL)", [(1,), (2,)])
        prune(database, RetentionRule(keep=1))
        for table in (*BATCH_TABLES, "slowdowns", "timings", "metrics"):
            assert {row["batch_id"] for row in database.rows(f"SELECT batch_id FROM {table}")} == {2}, table


def test_every_foreign_key_is_a_part_or_a_use_as_it_should_be(tmp_path: Path) -> None:
    """Decide for a new table that refers to batches or runs: are its rows removed with these, or do they keep them?"""
    with closing(Database(tmp_path / "state.db", create=True)) as database:
        batch_keys = {(key.table, key.is_part) for key in pruning.list_foreign_keys(database, "batches")}
        run_keys = {(key.table, key.is_part) for key in pruning.list_foreign_keys(database, "runs")}
    assert {name for name, is_part in batch_keys if not is_part} == {"operations"}
    assert {name for name, is_part in run_keys if not is_part} == {"batches", "baselines"}
    assert batch_keys >= {(name, True) for name in ("changes", *BATCH_TABLES)}
    assert run_keys >= {(name, True) for name in ("outcomes", "outcome_details", "missing_tests")}
