"""From real commits to the change that broke each test."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.driving import CALCULATOR, TESTS, Repository

NO_ADD = CALCULATOR.replace("a + b", "a * b")
NO_SUBTRACT = CALCULATOR.replace("a - b", "b - a")
ADD = "test_calculator.CalculatorTest.test_add"
SUBTRACT = "test_calculator.CalculatorTest.test_subtract"


def load_attributions(project: Repository, number: int = 1, code: int = 1) -> dict[str, Any]:
    """Return the attributions of a batch's failing tests, by the last part of their ids."""
    report = project.json("wait", str(number), "--timeout", "90", code=code)
    assert not report["searching"]
    return {failure["test_id"].rpartition(".")[2]: failure["attribution"] for failure in report["failures"]}


def five(project: Repository, *calculators: str) -> list[str]:
    """Make five commits, each with another text of the calculator, and return their oids."""
    oids = []
    for number, text in enumerate(calculators, start=1):
        project.commit(f"change {number}", calculator__py=f"{text}# {number}\n")
        oids.append(project.head())
    return oids


def runs(project: Repository, query: str = "SELECT count(*) FROM runs WHERE is_probe") -> Any:  # noqa: ANN401
    with closing(sqlite3.connect(project.top / ".git/batchhook/state.db")) as database:
        return database.execute(query).fetchall()


def test_two_changes_that_broke_a_test_each(project: Repository) -> None:
    both = NO_ADD.replace("a - b", "b - a")
    oids = five(project, CALCULATOR, NO_ADD, NO_ADD, both, both)
    attributions = load_attributions(project)
    for name, broke in (("test_add", 1), ("test_subtract", 3)):
        one = attributions[name]
        assert (one["kind"], one["change"]) == ("culprit", oids[broke])
        assert one["confidence"] >= 0.99
        seen = {(evidence["oid"], evidence["outcome"]) for evidence in one["evidence"]}
        assert {(oids[broke], "failed"), (oids[broke - 1], "passed")} <= seen
    document = project.json("analyze", "1", code=1)
    assert [(each["summary"], each["tests"]) for each in document["culprits"]] == [
        ("change 2", [ADD]),
        ("change 4", [SUBTRACT]),
    ]
    output = project.batchhook("analyze", "1", code=1)
    assert f"{oids[1][:8]}  change 2  broke 1 test" in output
    assert "Ada <ada@example.org>: calculator.py" in output
    assert f"passed at {oids[0][:8]}, failed here" in output
    assert f"{oids[1][:8]} broke 1 test, {oids[3][:8]} broke 1 test" in project.batchhook("wait", "1", code=1)


def test_calls_in_files_that_the_culprit_touched_are_marked(bare_repository: Repository) -> None:
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    bare_repository.batchhook("install")
    five(
        bare_repository,
        CALCULATOR,
        CALCULATOR,
        CALCULATOR.replace("a + b", "a + c"),
        *[NO_ADD.replace("*", "+ c +")] * 2,
    )
    bare_repository.batchhook("wait", "1", "--timeout", "90", code=1)
    assert "▸ calculator.py:2 in add" in bare_repository.batchhook("analyze", "1", code=1)
    whole = bare_repository.batchhook("analyze", "1", "-t", code=1)
    (marked,) = [line for line in whole.splitlines() if "▸" in line]
    assert 'File "calculator.py", line 2, in add' in marked
    assert "passed" in whole


def test_broken_fixed_and_broken_again(project: Repository) -> None:
    oids = five(project, NO_ADD, NO_ADD, CALCULATOR, NO_ADD, NO_ADD)
    assert load_attributions(project)["test_add"]["change"] == oids[3]


def test_failures_older_than_the_batch_are_pre_existing(bare_repository: Repository) -> None:
    bare_repository.commit("first", calculator__py=NO_ADD, test_calculator__py=TESTS)
    bare_repository.batchhook("install")
    oids = five(bare_repository, NO_ADD, *[NO_ADD.replace("a - b", "b - a")] * 4)
    attributions = load_attributions(bare_repository)
    assert attributions["test_add"]["kind"] == "pre-existing"
    assert attributions["test_subtract"]["change"] == oids[1]
    assert "already failing before this batch: 1" in bare_repository.batchhook("analyze", "1", code=1)


def test_the_run_of_the_batch_before_is_reused_for_the_base(project: Repository) -> None:
    five(project, *[CALCULATOR] * 5)
    project.batchhook("wait", "1", "--timeout", "60")
    oids = five(project, NO_ADD, *[NO_ADD] * 4)
    assert load_attributions(project, 2)["test_add"]["change"] == oids[0]
    base = project.git("rev-parse", "HEAD~5^{tree}")
    assert runs(project, f"SELECT count(*) FROM runs WHERE is_probe AND tree = '{base}'")[0][0] <= 1


FLAKY = """\
import os
import unittest


class FlakyTest(unittest.TestCase):
    def test_now_and_then(self):
        path = os.environ["COUNTER"]
        number = len(open(path).read()) if os.path.exists(path) else 0
        with open(path, "a") as file:
            file.write("x")
        self.assertIn("{pattern}"[number % {period}], "P")
"""


def test_flaky_tests_are_recognized(project: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTER", str(tmp_path / "counter"))
    pattern = "FFFPFPPFPPPFPPFP"  # fails in the run and in both reruns
    project.commit("flaky", test_flaky__py=FLAKY.format(pattern=pattern, period=len(pattern)))
    five(project, *[CALCULATOR] * 4)
    attributions = load_attributions(project)["test_now_and_then"]
    assert attributions["kind"] == "flaky"
    assert 0 < attributions["failed"] < attributions["runs"]
    output = " ".join(project.batchhook("analyze", "1", code=1).split())
    assert "flaky, not broken by any of the changes: 1" in output
    assert f"failed in {attributions['failed']} of {attributions['runs']} runs" in output
    assert runs(project, "SELECT flakes > 0, breaks FROM tests WHERE name LIKE '%now_and_then'") == [(1, 0)]


ORDERED = """\
import unittest

SEEN = []


class ATest(unittest.TestCase):
    def test_pollutes(self):
        SEEN.append(1)


class BTest(unittest.TestCase):
    def test_needs_a_clean_start(self):
        self.assertEqual(SEEN, [])
"""


def test_a_test_that_fails_only_after_others(bare_repository: Repository) -> None:
    bare_repository.write(".batchhook.toml", 'order = "original"\n')
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    bare_repository.batchhook("install")
    bare_repository.commit("ordered", test_ordered__py=ORDERED)
    five(bare_repository, *[CALCULATOR] * 4)
    attributions = load_attributions(bare_repository)["test_needs_a_clean_start"]
    assert attributions["kind"] == "flaky"
    assert attributions["reason"] == "it fails only after the tests that run before it"
    five(bare_repository, *[CALCULATOR] * 5)
    later = load_attributions(bare_repository, 2, 0)["test_needs_a_clean_start"]
    assert (later["kind"], later["reason"]) == (attributions["kind"], attributions["reason"])
    assert "failed and passed on the same tree" not in bare_repository.batchhook("analyze", "2")


def test_middle_commits_that_do_not_parse_leave_a_range(project: Repository) -> None:
    five(project, CALCULATOR, "def broken(:\n", "def broken(:\n", NO_ADD, NO_ADD)
    attributions = load_attributions(project)["test_add"]
    # It passes at 1 and is broken at 4; 2 and 3 cannot be tested.
    assert attributions["kind"] == "ambiguous"
    assert len(attributions["suspects"]) == 3
    assert "cannot be tested" in attributions["reason"]


def test_middle_commits_that_do_not_parse_are_not_blamed_for_what_came_later(project: Repository) -> None:
    oids = five(project, CALCULATOR, "def broken(:\n", CALCULATOR, NO_ADD, NO_ADD)
    assert load_attributions(project)["test_add"]["change"] == oids[3]


def test_a_module_that_cannot_be_imported_is_one_finding(project: Repository) -> None:
    many = TESTS + "".join(f"    def test_{number}(self):\n        pass\n" for number in range(50))
    project.commit("many", test_calculator__py=many)
    broken = "from calculator import nothing\n" + CALCULATOR
    oids = [project.head(), *five(project, CALCULATOR, broken, broken, broken)]
    report = project.json("wait", "1", "--timeout", "90", code=1)
    (failure,) = report["failures"]
    assert failure["test_id"] == "unittest.loader._FailedTest.test_calculator"
    assert (failure["attribution"]["kind"], failure["attribution"]["change"]) == ("culprit", oids[2])


def test_a_fixture_that_fails_is_one_finding(project: Repository) -> None:
    text = TESTS.replace(
        "    def test_add",
        "    @classmethod\n    def setUpClass(cls):\n        calculator.add(1, 2)\n\n    def test_add",
    )
    project.commit("fixture", test_calculator__py=text)
    broken = CALCULATOR.replace("return a + b", "raise ValueError(a)")
    oids = [project.head(), *five(project, CALCULATOR, CALCULATOR, broken, broken)]
    report = project.json("wait", "1", "--timeout", "90", code=1)
    (failure,) = report["failures"]
    assert failure["test_id"] == "setUpClass (test_calculator.CalculatorTest)"
    assert failure["attribution"]["change"] == oids[3]


def test_a_new_test_that_has_never_passed(project: Repository) -> None:
    project.commit("1", a__txt="1")
    project.commit("2", test_new__py=TESTS.replace("calculator.add(1, 2), 3", "calculator.add(1, 2), 4"))
    introduced = project.head()
    for number in range(3, 6):
        project.commit(str(number), a__txt=str(number))
    attributions = load_attributions(project)["test_add"]
    assert (attributions["kind"], attributions["change"]) == ("introduced failing", introduced)
    assert "introduced here, has not passed since" in " ".join(project.batchhook("analyze", "1", code=1).split())


def test_a_renamed_test_is_the_same_test(project: Repository) -> None:
    oids = five(project, NO_ADD, NO_ADD, NO_ADD)
    project.commit("rename", test_calculator__py=TESTS.replace("test_add", "test_addition"))
    project.commit("more")
    attributions = load_attributions(project)["test_addition"]
    assert (attributions["kind"], attributions["change"]) == ("culprit", oids[0])


def test_a_test_that_was_moved_to_another_module_is_the_same_test(project: Repository) -> None:
    (project.top / "test_calculator.py").unlink()
    project.commit("move", test_sums__py=TESTS)
    oids = five(project, CALCULATOR, NO_ADD, NO_ADD, NO_ADD)
    assert load_attributions(project)["test_add"]["change"] == oids[1]


def test_a_merge_in_the_batch_is_one_change(project: Repository) -> None:
    project.git("switch", "-qc", "side")
    five(project, *[NO_ADD] * 3)
    project.git("switch", "-q", "main")
    for number in range(2):
        project.commit(str(number), a__txt=str(number))
    project.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    merge = project.head()
    for number in range(2, 4):
        project.commit(str(number), a__txt=str(number))
    number = project.json("log")["batches"][0]["batch"]["id"]
    for batch in project.json("log")["batches"]:
        number = batch["batch"]["id"] if batch["batch"]["branch"] == "main" else number
    attributions = load_attributions(project, number)["test_add"]
    assert (attributions["kind"], attributions["change"]) == ("culprit", merge)


def test_a_pull_before_the_first_change(project: Repository, tmp_path: Path) -> None:
    project.git("clone", "-q", str(project.top), str(tmp_path / "other"))
    other = Repository(tmp_path / "other")
    other.commit("sound", other__txt="1")
    other.commit("theirs", calculator__py=NO_ADD)
    theirs = other.head()
    other.commit("later", other__txt="2")
    project.git("pull", "-q", "--ff-only", str(tmp_path / "other"), "main")
    base = project.head()
    five(project, *[NO_ADD] * 5)
    report = project.json("wait", "1", "--timeout", "90", code=1)
    (failure,) = report["failures"]
    assert (failure["attribution"]["kind"], failure["attribution"]["change"]) == ("culprit", theirs)
    assert report["batch"]["base"] == base
    output = project.batchhook("analyze", "1", code=1)
    assert f"{theirs[:8]}  theirs  broke 1 test" in output
    assert "not one of this batch's changes: no batch counted it" in output


def test_what_a_merge_of_the_last_batch_brings_back_is_pre_existing(project: Repository) -> None:
    """The first parents below the merge lead past the last batch, which broke the test."""
    project.git("branch", "other")
    five(project, CALCULATOR, NO_ADD, *[NO_ADD] * 3)
    culprit = project.head("HEAD~3")
    assert load_attributions(project)["test_add"]["change"] == culprit
    project.git("switch", "-q", "other")
    project.commit("on other", other__txt="1")
    project.git("merge", "-q", "--no-ff", "-m", "merged", "main")
    project.git("branch", "-q", "-f", "main")
    project.git("switch", "-q", "main")
    project.git("commit", "-q", "--allow-empty", "-m", "nothing")
    five(project, *[NO_ADD + "# two\n"] * 5)
    number = project.json("log")["batches"][0]["batch"]["id"]
    assert load_attributions(project, number, code=0)["test_add"]["kind"] == "pre-existing"


def test_a_change_that_a_rebase_left_as_it_is(project: Repository) -> None:
    project.commit("1", a__txt="1")
    project.commit("break", calculator__py=NO_ADD)
    broke = project.head()
    project.commit("3", a__txt="3")
    project.git("rebase", "--quiet", "--exec", "true", "HEAD~3")
    for number in (4, 5):
        project.commit(str(number), a__txt=str(number))
    assert load_attributions(project)["test_add"]["change"] == broke


def test_a_commit_that_no_hook_saw_between_two_batches(project: Repository) -> None:
    """Without hooks and reflogs it is not counted; the change after it is not to blame."""
    five(project, *[CALCULATOR] * 5)
    project.batchhook("wait", "1", "--timeout", "90")
    project.write("calculator.py", NO_ADD)
    project.git("add", "--all")
    tree = project.git("write-tree")
    unseen = project.git("commit-tree", tree, "-p", "HEAD", "-m", "unseen")
    project.git("update-ref", "refs/heads/main", unseen)
    five(project, *[NO_ADD] * 5)
    attribution = load_attributions(project, 2)["test_add"]
    assert (attribution["kind"], attribution["change"]) == ("culprit", unseen)


def test_a_pull_in_the_middle_of_a_batch(project: Repository, tmp_path: Path) -> None:
    project.commit("1", a__txt="1")
    project.git("clone", "-q", str(project.top), str(tmp_path / "other"))
    other = Repository(tmp_path / "other")
    other.commit("theirs", calculator__py=NO_ADD)
    project.git("pull", "-q", "--ff-only", str(tmp_path / "other"), "main")
    theirs = project.head()
    for number in range(2, 6):
        project.commit(str(number), a__txt=str(number))
    report = project.json("wait", "1", "--timeout", "90", code=1)
    assert report["failures"][0]["attribution"]["change"] == theirs
    assert report["culprits"][0]["summary"] == "theirs"
    assert "no batch counted it" in project.batchhook("analyze", "1", code=1)


def test_the_first_commits_of_a_repository(bare_repository: Repository) -> None:
    bare_repository.batchhook("install")
    bare_repository.commit("1", calculator__py=NO_ADD, test_calculator__py=TESTS)
    first = bare_repository.head()
    five(bare_repository, *[NO_ADD] * 4)
    attributions = load_attributions(bare_repository)["test_add"]
    assert (attributions["kind"], attributions["change"]) == ("introduced failing", first)


def test_no_search_without_a_budget(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_CULPRIT_BUDGET", "0")
    five(project, *[NO_ADD] * 5)
    assert load_attributions(project) == {"test_add": None}
    assert runs(project) == [(0,)]
    assert "test_calculator: 1 failing" in project.batchhook("analyze", "1", code=1)


def test_a_budget_that_is_too_small(project: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHHOOK_CULPRIT_BUDGET", "0.01")
    five(project, *[NO_ADD] * 5)
    attributions = load_attributions(project)["test_add"]
    assert attributions["kind"] == "ambiguous"
    assert attributions["reason"] == "the budget of 0.01 s was used up"
    assert len(attributions["suspects"]) == 5


def test_in_place_other_commits_cannot_be_tested(project: Repository) -> None:
    project.write(".batchhook.toml", 'isolation = "in-place"\n')
    five(project, *[NO_ADD] * 5)
    attributions = load_attributions(project)["test_add"]
    assert attributions["kind"] == "ambiguous"
    assert "in place" in attributions["reason"]


def test_a_method_with_thousands_of_failing_subtests_is_one_test(project: Repository) -> None:
    subtests = TESTS.replace(
        "        self.assertEqual(calculator.add(1, 2), 3)",
        "        for number in range(3000):\n            with self.subTest(number=number):\n"
        "                self.assertEqual(calculator.add(number, 1), number + 1)",
    )
    project.commit("subtests", test_calculator__py=subtests)
    oids = five(project, CALCULATOR, CALCULATOR, NO_ADD, NO_ADD)
    report = project.json("wait", "1", "--timeout", "90", code=1)
    (failure,) = report["failures"]
    assert failure["subtests_failed"] == 3000
    assert failure["attribution"]["change"] == oids[2]


def test_probes_do_not_change_the_current_statistics(project: Repository) -> None:
    five(project, CALCULATOR, *[NO_ADD] * 4)
    load_attributions(project)
    assert runs(project, f"SELECT last_failed, breaks FROM tests WHERE name = '{ADD}'") == [(1, 1)]
    assert [one["test_id"] for one in project.json("test", "--failed", code=1)["failures"]] == [ADD]


def test_a_killed_search_resumes(project: Repository) -> None:
    """SIGKILL at random moments until the search completes: the culprit is right, and nothing runs twice."""
    slow = TESTS.replace("import unittest\n", "import time\nimport unittest\n").replace(
        "        self.assertEqual(calculator.add", "        time.sleep(0.4)\n        self.assertEqual(calculator.add"
    )
    project.commit("slow", test_calculator__py=slow)
    oids = five(project, CALCULATOR, CALCULATOR, NO_ADD, NO_ADD)
    _until(lambda: runs(project, "SELECT status FROM batches WHERE id = 1") == [("searching",)])
    chance, kills = random.Random(3), 0
    waiting = project.top / ".git/batchhook/waiting"
    while kills < 4 and runs(project, "SELECT status FROM batches WHERE id = 1") == [("searching",)]:
        time.sleep(chance.uniform(0.0, 1.2))
        runner = waiting.read_text().strip() if waiting.exists() else ""
        if runner.isdigit():
            with suppress(ProcessLookupError):
                os.kill(int(runner), signal.SIGKILL)
                kills += 1
        project.batchhook("status")  # starts another runner
    attributions = load_attributions(project)["test_add"]
    assert (attributions["kind"], attributions["change"]) == ("culprit", oids[2])
    assert kills >= 2
    # The next search recalls each stored probe: no revision is probed more often than a search needs.
    times = runs(project, "SELECT tree, count(*) FROM runs WHERE is_probe GROUP BY tree")
    assert all(count <= 4 for _, count in times), times
    assert runs(project, "SELECT count(*) FROM runs WHERE NOT is_probe") == [(1,)]
    _until(lambda: _nothing_runs_in(project.top))


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def _nothing_runs_in(top: Path) -> bool:
    return not subprocess.run(["pgrep", "-f", f"{top}/"], capture_output=True, check=False).stdout


HANGING_TESTS = f"""{TESTS}
    def test_wait(self):
        self.assertIsNone(calculator.wait())
"""
CAN_WAIT = f"{CALCULATOR}\n\ndef wait():\n    pass\n"


def test_a_hanging_test_leaves_the_others_clear(bare_repository: Repository) -> None:
    """With a budget no longer than the timeout, as by default, a probe that includes it would never be made."""
    settings = "test_timeout = 4\nculprit_budget = 4\norder = 'original'\n"
    bare_repository.write(".batchhook.toml", settings)
    bare_repository.commit("first", calculator__py=CAN_WAIT, test_calculator__py=HANGING_TESTS)
    bare_repository.batchhook("install")
    hangs = CAN_WAIT.replace("    pass", "    import time; time.sleep(60)")
    broken = hangs.replace("a + b", "a * b")
    oids = five(bare_repository, CAN_WAIT, hangs, broken, broken, broken.replace("a - b", "b - a"))
    attributions = load_attributions(bare_repository)
    assert attributions["test_add"]["change"] == oids[2]
    assert attributions["test_subtract"]["change"] == oids[4]
    assert attributions["test_wait"]["change"] in {"", oids[1]}
    if not attributions["test_wait"]["change"]:
        assert attributions["test_wait"]["reason"] == "the budget of 4 s was used up"


def test_the_culprit_of_a_hanging_test_is_found(bare_repository: Repository) -> None:
    """No probe takes as long as the run, since the test is known to pass in no time."""
    bare_repository.write(".batchhook.toml", "test_timeout = 3\norder = 'original'\n")
    bare_repository.commit("first", calculator__py=CAN_WAIT, test_calculator__py=HANGING_TESTS)
    bare_repository.batchhook("install")
    hangs = CAN_WAIT.replace("    pass", "    import time; time.sleep(60)")
    oids = five(bare_repository, CAN_WAIT, CAN_WAIT, CAN_WAIT, CAN_WAIT, hangs)
    attributions = load_attributions(bare_repository)
    assert attributions["test_wait"]["change"] == oids[4]


def test_a_test_that_hangs_at_another_commit_leaves_the_others_clear(bare_repository: Repository) -> None:
    bare_repository.write(".batchhook.toml", "test_timeout = 60\nculprit_budget = 8\n")
    bare_repository.commit("first", calculator__py=CAN_WAIT, test_calculator__py=HANGING_TESTS)
    bare_repository.batchhook("install")
    hangs = CAN_WAIT.replace("    pass", "    import time; time.sleep(600)")
    fails = CAN_WAIT.replace("    pass", "    return 1")
    oids = five(
        bare_repository, CAN_WAIT, hangs, fails, fails.replace("a + b", "a * b"), fails.replace("a + b", "a * b")
    )
    attributions = load_attributions(bare_repository)
    assert attributions["test_add"]["change"] == oids[3]
    assert attributions["test_wait"]["change"] in {"", oids[1]}, "a run that was cut short shows nothing"


@pytest.mark.parametrize("prepare", ["{}", "def prepare():\n    {}"], ids=["import", "fixture"])
def test_a_hang_outside_of_tests_at_another_commit_leaves_the_others_clear(
    bare_repository: Repository, prepare: str
) -> None:
    """An import or a fixture that hangs may take its share of the budget, but not ``test_timeout``."""
    bare_repository.write(".batchhook.toml", "test_timeout = 60\nculprit_budget = 20\n")
    fixture = "\n\ndef setUpModule():\n    getattr(calculator, 'prepare', int)()\n"
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS + fixture)
    bare_repository.batchhook("install")
    hangs = f"{CALCULATOR}\n\n{prepare.format('import time; time.sleep(600)')}\n"
    oids = five(bare_repository, CALCULATOR, hangs, CALCULATOR, NO_ADD, NO_ADD)
    attribution = load_attributions(bare_repository)["test_add"]
    assert (attribution["kind"], attribution["change"]) == ("culprit", oids[3])


def test_what_a_hang_hides_is_never_blamed_on_a_neighbor(bare_repository: Repository) -> None:
    bare_repository.write(".batchhook.toml", "test_timeout = 60\nculprit_budget = 20\n")
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS)
    bare_repository.batchhook("install")
    hangs = f"{NO_ADD}\nimport time; time.sleep(600)\n"
    oids = five(bare_repository, CALCULATOR, CALCULATOR, hangs, NO_ADD, NO_ADD)
    attribution = load_attributions(bare_repository)["test_add"]
    assert attribution["kind"] == "ambiguous"
    assert set(attribution["suspects"]) == set(oids[2:4])
