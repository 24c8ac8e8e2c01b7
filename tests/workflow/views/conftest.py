"""A repository with a history for pages: a batch that passed, and one that broke a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from batchhook.workflow.context.project import Project, open_project
from tests.driving import CALCULATOR, Repository

SUBJECT = "\u202eevil\u202c <script>alert(1)</script> 🦄 \u05e9\u05dc\u05d5\u05dd {{ 7 * 7 }}"
BROKEN = CALCULATOR.replace("a + b", "a * b")


def commit_batch(project: Repository, text: str, subject: str) -> list[str]:
    """Five commits, each with another text of the calculator; return their names."""
    oids = []
    for number in range(1, 6):
        project.commit(f"{subject} {number}", calculator__py=f"{text}# {number}\n")
        oids.append(project.head())
    return oids


@pytest.fixture
def history(project: Repository) -> Repository:
    commit_batch(project, CALCULATOR, "good")
    project.batchhook("wait", "1", "--timeout", "90")
    commit_batch(project, BROKEN, SUBJECT)
    project.batchhook("wait", "2", "--timeout", "90", code=1)
    return project


@pytest.fixture
def opened(history: Repository) -> Iterator[Project]:
    """The project, whose database refuses every write."""
    with open_project(history.top) as project:
        project.database.connection.execute("PRAGMA query_only = ON")
        yield project
