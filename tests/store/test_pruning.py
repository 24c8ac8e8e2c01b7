"""Taking rows out: whatever the history, what stays reads as it did before, and nothing hangs in the air."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as some

from batchhook.core.changes import BatchStatus, Commit, EditStatus, FileEdit, Fill
from batchhook.core.culprits.attribution import Attribution, Kind, Sighting
from batchhook.core.ledger import Ledger, Part
from batchhook.core.operations import Kind as Deed, Operation, OperationStatus, to_undo
from batchhook.core.perf.significance import Judgement, Ruling
from batchhook.core.perf.slowdown import Slowdown, Timings
from batchhook.core.results import Outcome, Run, SuiteOutcome, TestResult
from batchhook.core.retention import Rule, decide
from batchhook.core.rollback import Mode, Selection
from batchhook.core.verdict import Verdict
from batchhook.errors import BatchhookError, NoSuchBatchError
from batchhook.store import attributions, baselines, batches, branches, operations, pruning, runs, slowdowns
from batchhook.store.database import Database

BRANCHES = ("refs/heads/main", "refs/heads/side")
ALIVE = frozenset(BRANCHES)


@dataclass(frozen=True)
class Made:
    """What happens next in a history: a batch on a branch; what became of it, and what was done after it."""

    branch: str
    failing: bool
    ends: bool
    by_hand: bool
    visited: bool
    baseline: bool
    operation: str


HISTORIES = some.lists(
    some.builds(
        Made,
        some.sampled_from(BRANCHES),
        *([some.booleans()] * 5),
        some.sampled_from(["", "", "rollback", "undone", "cut short"]),
    ),
    min_size=1,
    max_size=8,
)
RULES = some.builds(Rule, some.integers(1, 6)) | some.builds(Rule, some.none(), some.sampled_from([2.0, 4.0, 100.0]))


@contextmanager
def made(steps: list[Made]) -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder, closing(Database(Path(folder) / "state.db", create=True)) as database:
        for number, step in enumerate(steps, 1):
            make(database, number, step)
        yield database


def make(database: Database, number: int, step: Made) -> None:
    change = Commit(f"c{number}", f"t{number}", (f"c{number - 1}",), f"t{number - 1}", "A", 0, 0, "s")
    with database.transaction() as connection:
        branch = branches.find(database, step.branch) or branches.add(database, step.branch, "c0", "c0")
        batches.ensure_open(database, branch, 1)
        batches.seal(database, branch, Part((change,), 1), Fill(1))
        connection.execute(
            "UPDATE batches SET opened_at = ?, sealed_at = ? WHERE id = ?", (number, number + 0.5, number)
        )
    batches.add_edits(database, number, {change.oid: [FileEdit("a", EditStatus.MODIFIED, "100644", "0" * 64)]})
    run = run_of(number, change.tree, failing=step.failing)
    runs.finish_batch(database, number, run, Verdict.FAILED if step.failing else Verdict.PASSED, searching=step.failing)
    if step.failing:
        seen = (Sighting(f"c{number - 1}", passed=1), Sighting(change.oid, failed=2))
        found = {("m.T.b", "m"): Attribution(Kind.CULPRIT, 0.99, (change.oid,), seen)}
        attributions.finish(database, number, [f"c{number - 1}", change.oid], found)
    judged = Judgement(Ruling.SLOWER, 1.0, 2.0, 0.001)
    slower = Slowdown("m.T.a", judged, evidence=(Timings(change.oid, (1.0, 1.1), (2.0, 2.1)),))
    slowdowns.finish(database, number, [slower] if step.failing else [])
    if step.ends:
        batches.mark(database, number, BatchStatus.FINISHED)
        batches.set_announced(database, number)
    if step.by_hand:
        runs.add(database, run_of(number, f"by hand {number}", failing=False, name=f"only{number}"))
    if step.visited:
        runs.add(database, run_of(number, change.base_tree, failing=False, visit=True))
    if step.baseline:
        baselines.put(database, number, change.oid, forced=False)
        database.connection.execute("UPDATE baselines SET set_at = ?", (number,))
    if step.operation:
        operate(database, number, step.operation)


def run_of(number: int, tree: str, *, failing: bool, name: str = "b", visit: bool = False) -> Run:
    results = (
        TestResult("m.T.a", "m", Outcome.PASSED, 0.1),
        TestResult(f"m.T.{name}", "m", Outcome.FAILED if failing else Outcome.PASSED, message="no" * failing),
    )
    return Run(tree, {"python": "3"}, number + 0.7, SuiteOutcome(results, 1.0, complete=not visit), is_visit=visit)


def operate(database: Database, batch: int, how: str) -> None:
    first = operations.next_id(database)
    what, intent = Selection((batch,)), OperationStatus.INTENT
    rollback = Operation(first, Deed.ROLLBACK, Mode.FILES, what, intent, "/top", "b", "a", batch + 0.8)
    operations.intend(database, rollback)
    if how != "cut short":
        operations.end(database, first, OperationStatus.DONE)
    if how == "undone":
        undo = Operation(first + 1, Deed.UNDO, Mode.FILES, what, intent, "/top", "b", "a", batch + 0.9, undoes=first)
        operations.intend(database, undo)
        operations.end(database, first + 1, OperationStatus.DONE)


def undoable(database: Database) -> Operation | None:
    try:
        return to_undo(operations.all_of(database), "/top")
    except BatchhookError:
        return None


def prune(database: Database, rule: Rule, seconds: float = 0.0) -> tuple[int, ...]:
    decision = decide(pruning.past(database), pruning.steps(database), ALIVE, rule)
    left = list(decision.going)
    while left:
        with database.transaction():
            done = pruning.remove_batches(database, left, seconds)
        left = left[done:]
    gone = False
    while not gone:
        with database.transaction():
            gone = pruning.remove_runs(database, decision.before, seconds)
    pruning.remove_unmentioned(database)
    database.shrink()
    return decision.going


def all_about(database: Database, number: int) -> object:
    return (
        batches.get(database, number),
        batches.edits(database, number),
        runs.of_batch(database, number),
        runs.totals(database, number),
        attributions.of_batch(database, number),
        slowdowns.of_batch(database, number),
    )


def counted(database: Database, numbers: Sequence[int]) -> list[Ledger]:
    oids = [f"c{number}" for number in numbers]
    return [branches.ledger(database, branch, oids) for branch in branches.all_of(database)]


def known(database: Database) -> dict[str, tuple[object, ...]]:
    return {row["name"]: tuple(row) for row in database.rows("SELECT * FROM tests")}


@settings(max_examples=60, deadline=None)
@given(HISTORIES, RULES)
def test_what_stays_is_as_it_was(steps: list[Made], rule: Rule) -> None:
    with made(steps) as database:
        numbers = range(1, len(steps) + 1)
        before = {number: all_about(database, number) for number in numbers}
        compared = {number: batches.previous_finished(database, number) for number in numbers}
        tests, latest_act, baseline = known(database), undoable(database), baselines.current(database)
        next_ids = [database.next_id("batches"), database.next_id("operations")]
        ledgers = [
            branches.ledger(database, branch, [f"c{n}" for n in numbers]) for branch in branches.all_of(database)
        ]
        latest = max(run for run in range(1, 99) if database.row("SELECT 1 FROM runs WHERE id = ? AND complete", run))
        seen_last = {result.test_id for result in runs.results_of(database, latest)}

        gone = prune(database, rule)

        assert database.rows("PRAGMA foreign_key_check") == []
        assert database.rows("PRAGMA integrity_check")[0][0] == "ok"
        for number in set(numbers) - set(gone):
            assert all_about(database, number) == before[number]
            expected = 0 if compared[number] in gone else compared[number]
            assert batches.previous_finished(database, number) == expected
        assert pruning.pruned(database) == set(gone)
        assert undoable(database) == latest_act
        assert baselines.current(database) == baseline
        if baseline:
            assert runs.get(database, baseline.run).outcome.totals.tests == 2
        assert [database.next_id("batches"), database.next_id("operations")] == next_ids
        assert counted(database, numbers) == ledgers
        assert {name: row for name, row in known(database).items() if name in seen_last} == {
            name: tests[name] for name in seen_last
        }
        searched = {f"t{number - 1}" for number, step in enumerate(steps, 1) if step.visited and not step.ends}
        assert searched <= {row["tree"] for row in database.rows("SELECT tree FROM runs WHERE visit")}
        assert prune(database, rule) == ()


def test_all_of_it_goes() -> None:
    steps = [Made(BRANCHES[0], True, True, True, True, False, "undone") for _ in range(5)]  # noqa: FBT003 - as above
    with made(steps) as database:
        assert pruning.weigh(database, [1, 2, 3, 4], 5.0) == pruning.Weight(
            4, 12, 24, round(pruning.whole(database).size * 24 / 30)
        )
        assert prune(database, Rule(keep=1)) == (1, 2, 3, 4)
        counts = {
            table: database.rows(f"SELECT count(*) FROM {table}")[0][0]
            for table in ("batches", "changes", "file_edits", "runs", "outcomes", "texts", "operations", "sightings")
        }
        assert counts == {
            "batches": 1,
            "changes": 1,
            "file_edits": 1,
            "runs": 3,
            "outcomes": 6,
            "texts": 1,
            "operations": 2,
            "sightings": 2,
        }
        assert set(known(database)) == {"m.T.a", "m.T.b", "m.T.only5"}
        with pytest.raises(NoSuchBatchError, match=r"^batch 3 was pruned on 2"):
            batches.get(database, 3)
        assert pruning.leftover_operations(database, ()) == set(range(1, 9))


def test_what_hangs_on_a_part_of_a_batch_goes_too() -> None:
    steps = [Made(BRANCHES[0], True, True, False, False, False, "") for _ in range(2)]  # noqa: FBT003 - as above
    with made(steps) as database:
        with database.transaction() as connection:
            connection.executemany("INSERT INTO metrics VALUES (?, 'plug-in', 'name', '1')", [(1,), (2,)])
            connection.executemany("INSERT INTO ways_back VALUES (?, 'proposed', '', '', NULL)", [(1,), (2,)])
        prune(database, Rule(keep=1))
        for table in ("slowdowns", "timings", "metrics", "ways_back", "attributions", "sightings", "search_states"):
            assert {row["batch_id"] for row in database.rows(f"SELECT batch_id FROM {table}")} == {2}, table


def test_every_reference_is_a_part_or_a_use_as_it_should_be(tmp_path: Path) -> None:
    """A new table that refers to batches or runs: does a row of it go with them, or does it keep them?"""
    with closing(Database(tmp_path / "state.db", create=True)) as database:
        of_batch = {(each.table, each.is_part) for each in pruning.references(database, "batches")}
        of_run = {(each.table, each.is_part) for each in pruning.references(database, "runs")}
    assert {name for name, is_part in of_batch if not is_part} == {"operations"}
    assert {name for name, is_part in of_run if not is_part} == {"batches", "baselines"}
    assert of_batch >= {(name, True) for name in ("changes", "search_states", "attributions", "sightings", "ways_back")}
    assert of_run >= {(name, True) for name in ("outcomes", "texts", "absences")}
