"""Histories to learn from: batches whose changes break tests by a rule that can be learned, or by none."""

from __future__ import annotations

import random
from collections.abc import Sequence

from batchhook.core.batch import BatchQuota
from batchhook.core.commit import Commit, EditStatus, FileEdit
from batchhook.core.culprits.attribution import Attribution, AttributionKind
from batchhook.core.ledger import BatchSlice
from batchhook.core.prediction.history import ChangeFacts, TestedBatch
from batchhook.core.results import Outcome, Run, SuiteResult, TestResult
from batchhook.core.verdict import Verdict
from batchhook.store import attributions, batches, branches, runs
from batchhook.store.database import Database

MODULES = ("parser", "printer", "server", "client", "cache", "router", "queue", "worker")
FRAGILE = ("parser", "cache")
"""Modules whose large changes break tests often."""
LARGE = 20
SIZE = 5


def names_of(module: str) -> tuple[str, ...]:
    return tuple(f"tests/test_{module}.py::test_{number}" for number in range(4))


ALL_TESTS = tuple(test for module in MODULES for test in names_of(module))


def make_history(count: int, seed: int = 1, *, is_learnable: bool = True) -> list[TestedBatch]:
    """Batches of five changes to one module each; some break a test: of that module, or of any if none is learnable."""
    chance = random.Random(seed)
    history = []
    for number in range(1, count + 1):
        changes: list[ChangeFacts] = []
        culprits: dict[str, str] = {}
        for place in range(SIZE):
            module = chance.choice(MODULES)
            size = 1 + chance.randrange(40)
            rate = (0.8 if module in FRAGILE and size > LARGE else 0.04) if is_learnable else 0.15
            oid = f"{number:020x}{place:020x}"
            time = 1_700_000_000 + 3600 * (SIZE * number + place)
            lines = {f"src/{module}.py": size}
            changes.append(ChangeFacts(oid, f"Work on {chance.choice(MODULES)}", time, lines))
            if chance.random() < rate:
                candidates = names_of(module) if is_learnable else ALL_TESTS
                culprits.setdefault(chance.choice(candidates), oid)
        seconds = {test: 0.01 * (1 + index % 3) for index, test in enumerate(ALL_TESTS)}
        history.append(TestedBatch(number, tuple(changes), seconds, frozenset(culprits), culprits))
    return history


def store_history(database: Database, history: Sequence[TestedBatch]) -> None:
    """Store the batches as the runner does, on a branch of their own."""
    name, first = "refs/heads/old", history[0].changes[0].oid
    branch = branches.find(database, name) or branches.add(database, name, "", first)
    for batch in history:
        changes = tuple(
            Commit(one.oid, f"t{one.oid}", ("p",), "", "Ada", one.committed_at, one.committed_at, one.subject)
            for one in batch.changes
        )
        quota = BatchQuota(len(changes))
        with database.transaction():
            number = batches.seal(database, branch, BatchSlice(changes, len(changes)), quota)
        edits = {
            one.oid: [FileEdit(path, EditStatus.MODIFIED, "100644", "") for path in one.lines] for one in batch.changes
        }
        batches.save_edits(database, number, edits)
        results = tuple(
            TestResult(test, test.partition("::")[0], Outcome.FAILED if test in batch.failing else Outcome.PASSED, each)
            for test, each in batch.seconds.items()
        )
        run = Run(changes[-1].tree, {"engine": "pytest"}, 1.0, SuiteResult(results, 1.0))
        runs.finish_batch(database, number, run, Verdict.PASSED, searching=bool(batch.failing))
        found = {
            (test, test.partition("::")[0]): Attribution(AttributionKind.CULPRIT, 0.99, (oid,))
            for test, oid in batch.culprits.items()
        }
        if found:
            oids = [change.oid for change in changes]
            attributions.finish_search(database, number, oids, found, Verdict.FAILED)
        batches.finish(database, number)
        batches.mark_finalized(database, number)
