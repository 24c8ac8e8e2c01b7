"""Pages of a long history are as quick as those of a short one: counted in SQLite's own steps, not in seconds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from batchhook.store import batch_rows
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.views.batch import load_batch
from batchhook.workflow.views.batches import load_batches
from batchhook.workflow.views.changes import load_changes
from batchhook.workflow.views.operations import load_operations
from batchhook.workflow.views.overview import load_overview
from batchhook.workflow.views.test import load_test
from batchhook.workflow.views.tests import load_tests
from tests.driving import Repository
from tests.tested_history import ALL_TESTS, make_history, store_history

FEW, MANY = 210, 840
"""More than any page looks at, and four times as many."""
GROWTH = 1.35


def count_steps(project: Project, load: Callable[[Project], object]) -> int:
    """Return the number of hundreds of instructions that SQLite's machine carries out for a page."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    load(project)
    project.database.connection.set_progress_handler(count, 100)
    load(project)
    project.database.connection.set_progress_handler(None, 0)
    return steps


def last(project: Project) -> int:
    return batch_rows.count(project.database, sealed_only=True)


LOADERS: dict[str, Callable[[Project], object]] = {
    "overview": load_overview,
    "batches": load_batches,
    "batch": lambda project: load_batch(project, last(project)),
    "tests": load_tests,
    "drifting tests": lambda project: load_tests(project, sort="drifting"),
    "search": lambda project: load_tests(project, "parser"),
    "test": lambda project: load_test(project, ALL_TESTS[0]),
    "changes": load_changes,
    "operations": load_operations,
}


@pytest.mark.timeout(240)
def test_no_page_grows_with_the_history(repository: Repository) -> None:
    counts = []
    with open_project(repository.top) as project:
        for number in (FEW, MANY - FEW):
            with project.database.transaction():
                store_history(project.database, make_history(number, seed=number))
            counts.append({name: count_steps(project, load) for name, load in LOADERS.items()})
    few, many = counts
    assert sum(few.values()) > 100, "something is counted"
    slow = {name: (few[name], many[name]) for name in LOADERS if many[name] > GROWTH * few[name] + 30}
    assert not slow
