"""rollback --culprit: revert the culprits after checking that it fixes what they broke."""

from __future__ import annotations

from tests.driving import CALCULATOR, TESTS, Repository

ADD = "test_calculator.CalculatorTest.test_add"
BROKEN = CALCULATOR.replace("a + b", "a * b")
OTHER = "def double(a):\n    return a + a\n"
OTHER_TESTS = """\
import unittest

import other


class OtherTest(unittest.TestCase):
    def test_double(self):
        self.assertEqual(other.double(4), 8)
"""


def commit_bad_batch(project: Repository) -> list[str]:
    """Commit five changes, of which the second and the fourth break a test each."""
    oids = []
    for subject, files in (
        ("other", {"other__py": OTHER, "test_other__py": OTHER_TESTS}),
        ("break add", {"calculator__py": BROKEN}),
        ("notes", {"notes__txt": "1\n"}),
        ("break double", {"other__py": OTHER.replace("a + a", "a * a")}),
        ("more notes", {"notes__txt": "1\n2\n"}),
    ):
        project.commit(subject, **files)
        oids.append(project.head())
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    return oids


def test_only_the_culprits_are_reverted(project: Repository) -> None:
    oids = commit_bad_batch(project)
    output = project.batchhook("rollback", "1", "--culprit", "-y")
    assert f"{oids[1][:8]}  break add" in output
    assert f"fixed: {ADD}" in output
    assert "fixed: test_other.OtherTest.test_double" in output
    assert "No other test fails that did not fail before." in output
    assert project.read("calculator.py") == CALCULATOR
    assert project.read("other.py") == OTHER
    assert project.read("notes.txt") == "1\n2\n"
    assert project.head() == oids[4]
    assert "rollback of 2 changes" in " ".join(project.batchhook("operations").split())
    assert project.json("operations")["operations"][0]["changes"] == [oids[1], oids[3]]
    project.commit("take out")
    assert project.json("test")["totals"]["failed"] == 0
    assert project.json("test")["remembered"], "this very tree was proven"
    project.git("reset", "-q", "--hard", "HEAD~1")


def test_undo_brings_it_back(project: Repository) -> None:
    commit_bad_batch(project)
    project.batchhook("rollback", "1", "--culprit", "-y")
    project.batchhook("undo", "-y")
    assert project.git("status", "--porcelain") == ""
    assert project.read("calculator.py") == BROKEN


def test_uncommitted_work_stays(project: Repository) -> None:
    commit_bad_batch(project)
    project.write("calculator.py", BROKEN + "\n\ndef mine():\n    return 1\n")
    project.write("new.txt", "mine")
    project.batchhook("rollback", "1", "--culprit", "-y")
    assert project.read("calculator.py") == CALCULATOR + "\n\ndef mine():\n    return 1\n"
    assert project.read("new.txt") == "mine"


def test_a_dry_run_checks_and_changes_nothing(project: Repository) -> None:
    oids = commit_bad_batch(project)
    document = project.json("rollback", "1", "--culprit", "--dry-run")
    assert document["status"] == "planned"
    assert document["changes"] == [oids[1], oids[3]]
    assert document["revert_check"]["fixed"] == [ADD, "test_other.OtherTest.test_double"]
    assert document["revert_check"]["broken"] == []
    assert project.git("status", "--porcelain") == ""
    assert project.json("operations")["operations"] == []


def test_a_culprit_with_conflicts_stays(project: Repository) -> None:
    oids = commit_bad_batch(project)
    project.commit("again", calculator__py=BROKEN.replace("a * b", "a * b * 1"))
    document = project.json("rollback", "1", "--culprit", "-y")
    assert document["changes"] == [oids[3]]
    assert project.read("other.py") == OTHER
    assert "a * b * 1" in project.read("calculator.py")
    project.batchhook("undo", "-y")
    assert "What these broke stays" in project.batchhook("rollback", "1", "--culprit", "-y")


def test_nothing_is_changed_if_no_culprit_can_be_reverted(project: Repository) -> None:
    for number in range(1, 6):
        project.commit(str(number), calculator__py=CALCULATOR.replace("a + b", f"a * b * {number}"))
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    output = project.batchhook("rollback", "1", "--culprit", "-y", code=3)
    assert "later changes conflict with the culprits, in: calculator.py; nothing was changed" in output
    assert project.git("status", "--porcelain") == ""


def test_nothing_is_changed_if_another_test_would_break(project: Repository) -> None:
    needs = TESTS.replace("test_add", "test_new").replace("calculator.add(1, 2), 3", "calculator.add(2, 5), 10")
    project.commit("break add", calculator__py=BROKEN)
    project.commit("needs it", test_needs__py=needs)
    for number in range(3, 6):
        project.commit(str(number))
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    output = project.batchhook("rollback", "1", "--culprit", "-y", code=3)
    assert "would break: test_needs.CalculatorTest.test_new" in output
    assert "nothing was changed" in output
    assert project.git("status", "--porcelain") == ""
    assert project.json("operations")["operations"] == []


def test_without_culprits(project: Repository) -> None:
    for number in range(5):
        project.commit(str(number))
    project.batchhook("wait", "1", "--timeout", "90")
    assert "none of batch 1's changes" in project.batchhook("rollback", "1", "--culprit", "-y", code=3)


def test_conflicts_are_found_before_any_test_runs(project: Repository) -> None:
    oids = commit_bad_batch(project)
    project.write("calculator.py", CALCULATOR.replace("a + b", "a * b + 0"))
    output = project.batchhook("rollback", "1", "--culprit", "-y", code=3)
    culprits = f"{oids[1][:8]}, {oids[3][:8]}"
    assert f"uncommitted changes conflict with {culprits}, in: calculator.py; nothing was changed" in output
    assert "Tested" not in output
