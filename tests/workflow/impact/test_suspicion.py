"""The changes that can have affected a test, for the search and for slowdowns; and how records are joined."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator

import pytest

from batchhook.core.impact.code_map import CodePart
from batchhook.store import code_map
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.context.revisions import Revision
from batchhook.workflow.impact.suspicion import ChangeImpact
from batchhook.workflow.suite.fingerprint import find_suite
from tests.driving import CALCULATOR, Repository

ADD, SUBTRACT = "test_calculator.CalculatorTest.test_add", "test_calculator.CalculatorTest.test_subtract"


@pytest.fixture
def opened(project: Repository) -> Iterator[Project]:
    project.batchhook("test")
    with open_project(project.top) as opened:
        yield opened


def impact_of(opened: Project, project: Repository, number: int) -> ChangeImpact:
    """Return the impact of the last changes."""
    names = [f"HEAD~{each}" for each in range(number, -1, -1)]
    revisions = [Revision(project.head(name), project.head(f"{name}^{{tree}}")) for name in names]
    return ChangeImpact(opened, find_suite(opened, os.environ).fingerprint, revisions)


def test_changes_are_as_suspect_as_they_affect_a_test(opened: Project, project: Repository) -> None:
    text = CALCULATOR.replace("a + b", "b + a")
    project.commit("one", calculator__py=text)
    project.commit("two", README__md="text\n")
    project.commit("three", calculator__py=f"{text}\nLIMIT = 1\n")
    project.commit("four", setup__cfg="[metadata]\n")
    project.commit("five", other__py="def f():\n    return 1\n")
    impact = impact_of(opened, project, 5)
    assert impact.weights(ADD) == [1.0, 0.0, 0.3, 0.1, 0.0]
    assert impact.weights(SUBTRACT) == [0.0, 0.0, 0.3, 0.1, 0.0]
    assert impact.weights("test_unknown") is None
    assert impact.untouched([ADD]) == {2, 5}
    assert impact.untouched([ADD, SUBTRACT]) == {2, 5}
    assert impact.untouched(["test_unknown"]) == frozenset()
    assert impact.untouched([]) == frozenset()


def test_where_a_file_may_have_been_renamed_none_is_left_out(opened: Project, project: Repository) -> None:
    project.commit("one", README__md="text\n")
    project.git("rm", "--quiet", "README.md")
    project.git("commit", "--quiet", "-m", "two")
    assert impact_of(opened, project, 2).untouched([ADD]) == frozenset()


def test_without_a_map_nothing_is_known(opened: Project, project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit("one", README__md="text\n")
    impact = impact_of(opened, project, 1)
    assert impact.weights(ADD) == [0.0]
    other = ChangeImpact(opened, {"python": "other"}, impact.revisions)
    assert other.weights(ADD) is None
    monkeypatch.setattr("batchhook.workflow.impact.suspicion.MAX_REVISIONS", 1)
    assert impact_of(opened, project, 1).weights(ADD) is None


def test_records_of_the_same_code_are_joined(project: Repository) -> None:
    """A test runs less where another one has filled a cache before."""
    tests = """
        import os
        import unittest

        import lookup

        class LookupTest(unittest.TestCase):
            def test_a(self):
                self.assertEqual(lookup.value(), 1)

            def test_b(self):
                self.assertEqual(lookup.value(), 1)
    """
    project.write("test_lookup.py", textwrap.dedent(tests))
    project.write("lookup.py", "VALUES = []\n\n\ndef compute():\n    return 1\n\n\ndef value():\n"
                  "    if not VALUES:\n        VALUES.append(compute())\n    return VALUES[0]\n")  # fmt: skip
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "lookup")
    project.batchhook("test", "test_lookup.LookupTest")
    project.batchhook("test", "--fresh", "test_lookup.LookupTest.test_b")
    with open_project(project.top) as opened:
        known = code_map.load(opened.database, find_suite(opened, os.environ).fingerprint)
    number = known.numbers[CodePart("lookup.py", "compute")]
    names = {test.rpartition(".")[2] for test, record in known.records.items() if number in record.runs}
    assert names == {"test_a", "test_b"}
