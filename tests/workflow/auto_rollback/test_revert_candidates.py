"""Taking just the guilty changes out, once it is proven that this mends what they broke."""

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


def a_bad_batch(project: Repository) -> list[str]:
    """Five changes; the second and the fourth break a test each, the others are of use."""
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


def test_only_what_is_guilty_goes_and_everything_else_stays(project: Repository) -> None:
    oids = a_bad_batch(project)
    said = project.batchhook("rollback", "1", "--culprit", "-y")
    assert f"{oids[1][:8]}  break add" in said
    assert f"mended: {ADD}" in said
    assert "mended: test_other.OtherTest.test_double" in said
    assert "Nothing else fails that did not fail before." in said
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
    a_bad_batch(project)
    project.batchhook("rollback", "1", "--culprit", "-y")
    project.batchhook("undo", "-y")
    assert project.git("status", "--porcelain") == ""
    assert project.read("calculator.py") == BROKEN


def test_uncommitted_work_stays(project: Repository) -> None:
    a_bad_batch(project)
    project.write("calculator.py", BROKEN + "\n\ndef mine():\n    return 1\n")
    project.write("new.txt", "mine")
    project.batchhook("rollback", "1", "--culprit", "-y")
    assert project.read("calculator.py") == CALCULATOR + "\n\ndef mine():\n    return 1\n"
    assert project.read("new.txt") == "mine"


def test_a_dry_run_proves_and_touches_nothing(project: Repository) -> None:
    oids = a_bad_batch(project)
    document = project.json("rollback", "1", "--culprit", "--dry-run")
    assert document["status"] == "planned"
    assert document["changes"] == [oids[1], oids[3]]
    assert document["proof"]["mended"] == [ADD, "test_other.OtherTest.test_double"]
    assert document["proof"]["broken"] == []
    assert project.git("status", "--porcelain") == ""
    assert project.json("operations")["operations"] == []


def test_a_guilty_change_whose_lines_were_changed_since_stays(project: Repository) -> None:
    oids = a_bad_batch(project)
    project.commit("again", calculator__py=BROKEN.replace("a * b", "a * b * 1"))
    document = project.json("rollback", "1", "--culprit", "-y")
    assert document["changes"] == [oids[3]]
    assert project.read("other.py") == OTHER
    assert "a * b * 1" in project.read("calculator.py")
    project.batchhook("undo", "-y")
    assert "What these broke stays" in project.batchhook("rollback", "1", "--culprit", "-y")


def test_nothing_is_touched_where_no_guilty_change_comes_out(project: Repository) -> None:
    for number in range(1, 6):
        project.commit(str(number), calculator__py=CALCULATOR.replace("a + b", f"a * b * {number}"))
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    said = project.batchhook("rollback", "1", "--culprit", "-y", code=3)
    assert "was changed since, in: calculator.py; nothing was touched" in said
    assert project.git("status", "--porcelain") == ""


def test_nothing_is_touched_where_something_else_would_break(project: Repository) -> None:
    needs = TESTS.replace("test_add", "test_new").replace("calculator.add(1, 2), 3", "calculator.add(2, 5), 10")
    project.commit("break add", calculator__py=BROKEN)
    project.commit("needs it", test_needs__py=needs)
    for number in range(3, 6):
        project.commit(str(number))
    project.batchhook("wait", "1", "--timeout", "90", code=1)
    said = project.batchhook("rollback", "1", "--culprit", "-y", code=3)
    assert "would break: test_needs.CalculatorTest.test_new" in said
    assert "nothing was touched" in said
    assert project.git("status", "--porcelain") == ""
    assert project.json("operations")["operations"] == []


def test_where_nobody_is_guilty(project: Repository) -> None:
    for number in range(5):
        project.commit(str(number))
    project.batchhook("wait", "1", "--timeout", "90")
    assert "none of batch 1's changes" in project.batchhook("rollback", "1", "--culprit", "-y", code=3)


def test_what_stands_against_it_is_said_before_anything_is_run(project: Repository) -> None:
    a_bad_batch(project)
    project.write("calculator.py", CALCULATOR.replace("a + b", "a * b + 0"))
    said = project.batchhook("rollback", "1", "--culprit", "-y", code=3)
    assert "was changed since, in: calculator.py; nothing was touched" in said
    assert "Tested" not in said
