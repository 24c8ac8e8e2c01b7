"""Histories as batchhook would have stored them: batches, runs and culprits of changes that were really tested."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from batchhook.core.batch import BatchQuota
from batchhook.core.commit import Commit, EditStatus, FileEdit
from batchhook.core.culprits.attribution import Attribution, AttributionKind
from batchhook.core.ledger import BatchSlice
from batchhook.core.results import Outcome, Run, SuiteResult, TestResult
from batchhook.core.verdict import Verdict
from batchhook.store import attributions, batches, branches, runs
from batchhook.store.database import Database
from benchmarks.prediction.suite_runs import Step

FLAKY_TESTS, FLAKY_RATE = 3, 0.05
"""Tests that are added and fail now and then, and how often: no change is to blame for them."""


def store_history(database: Database, steps: Sequence[Step], size: int, seed: int) -> None:
    """Store the batches of a history, each with the run of its last change, and with the culprits.

    Args:
        database: new.
        steps: the changes as they were tested, one by one.
        size: changes in a batch.
        seed: decides when the flaky tests fail.
    """
    chance = random.Random(seed)
    branch = branches.add(database, "refs/heads/main", "", steps[0].oid)
    since: dict[str, str] = {}
    quota = BatchQuota(size)
    for start in range(0, len(steps) - size + 1, size):
        part = steps[start : start + size]
        with database.transaction():
            number = batches.seal(database, branch, BatchSlice(tuple(map(_commit, part)), size), quota)
        batches.save_edits(database, number, {step.oid: list(map(_edit, step.lines)) for step in part})
        for step in part:
            since = {test: since.get(test, step.oid) for test in step.failing}
        flaky = [f"tests/test_now_and_then.py::test_{each}" for each in range(FLAKY_TESTS)]
        failing_flaky = {test for test in flaky if chance.random() < FLAKY_RATE}
        _store_run(database, number, part[-1], dict.fromkeys(flaky, 0.001), failing_flaky)
        oids = [step.oid for step in part]
        found = {test: _attribution(oid, oids) for test, oid in since.items()}
        found |= dict.fromkeys(failing_flaky, Attribution(AttributionKind.FLAKY, 0.99))
        if found:
            by_test = {(test, test.partition("::")[0]): each for test, each in found.items()}
            attributions.finish_search(database, number, oids, by_test, Verdict.FAILED)
        batches.finish(database, number)
        batches.mark_finalized(database, number)


def churn_of(steps: Sequence[Step]) -> Mapping[str, Mapping[str, int]]:
    """Return the lines that each change touched, by its commit."""
    return {step.oid: step.lines for step in steps}


def affected_by(steps: Sequence[Step]) -> Mapping[str, frozenset[str]]:
    """Return the tests that each change can affect, by the map of calls before it."""
    return {step.oid: frozenset(step.affected) for step in steps}


def _commit(step: Step) -> Commit:
    tree = f"tree of {step.oid}"
    return Commit(step.oid, tree, (f"before {step.oid}",), "", step.author, step.time, step.time, step.subject)


def _edit(path: str) -> FileEdit:
    return FileEdit(path, EditStatus.MODIFIED, "100644", "")


def _attribution(culprit: str, oids: Sequence[str]) -> Attribution:
    if culprit in oids:
        return Attribution(AttributionKind.CULPRIT, 0.99, (culprit,))
    return Attribution(AttributionKind.PRE_EXISTING, 0.99)


def _store_run(
    database: Database, number: int, step: Step, flaky: Mapping[str, float], failing_flaky: set[str]
) -> None:
    failing = failing_flaky | set(step.failing)
    results = tuple(
        TestResult(
            test_id=test,
            module=test.partition("::")[0],
            outcome=Outcome.FAILED if test in failing else Outcome.PASSED,
            duration=seconds,
        )
        for test, seconds in (step.seconds | dict(flaky)).items()
    )
    result = SuiteResult(results, sum(each.duration for each in results))
    run = Run(f"tree of {step.oid}", {"engine": "pytest"}, float(step.time), result)
    verdict = Verdict.FAILED if failing else Verdict.PASSED
    runs.finish_batch(database, number, run, verdict, searching=bool(failing))


def open_database(folder: Path) -> Database:
    """Create an empty database."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "state.db"
    path.unlink(missing_ok=True)
    return Database(path, create=True)
