"""The baseline: set by hand, moved by nothing else, compared with."""

from __future__ import annotations

from tests.driving import CALCULATOR, TESTS, Repository

ADD = "test_calculator.CalculatorTest.test_add"
BROKEN = CALCULATOR.replace("a + b", "a * b")


def test_set_show_and_compare(project: Repository) -> None:
    assert "there is no baseline yet" in project.batchhook("baseline", "show", code=3)
    assert "there is no baseline yet" in project.batchhook("baseline", "compare", code=3)
    first = project.head()
    assert f"baseline: {first[:8]}" in project.batchhook("baseline", "set")
    shown = project.json("baseline", "show")
    assert (shown["oid"], shown["forced"], shown["totals"]["passed"]) == (first, False, 2)
    assert "Nothing is different." in project.batchhook("baseline", "compare")
    project.commit("break", calculator__py=BROKEN)
    found = project.json("baseline", "compare", code=2)
    assert found["compared"]["whole"]["newly_failing"] == [ADD]
    assert list(found["compared"]["by_module"]) == ["test_calculator"]
    assert (found["oid"], found["baseline"], found["verdict"]) == (project.head(), first, "critical")
    assert not project.json("baseline", "compare", first)["compared"]["by_module"]


def test_failing_tests_are_refused_unless_they_are_taken_as_given(project: Repository) -> None:
    project.batchhook("baseline", "set")
    first = project.head()
    project.commit("break", calculator__py=BROKEN)
    said = project.batchhook("baseline", "set", code=3)
    assert "1 of 2 tests fail" in said
    assert project.json("baseline", "show")["oid"] == first
    assert "1 failing that are taken as given" in " ".join(project.batchhook("baseline", "set", "--force").split())
    assert project.json("baseline", "show")["forced"]
    found = project.json("baseline", "compare", code=1)
    assert found["compared"]["whole"]["still_failing"] == [ADD]


def test_a_failing_batch_is_compared_with_it_and_does_not_move_it(project: Repository) -> None:
    project.batchhook("baseline", "set")
    first = project.head()
    for number in range(1, 5):
        project.commit(str(number), calculator__py=f"{BROKEN}# {number}\n")
    skipped = TESTS.replace("    def test_subtract", "    @unittest.skip('not now')\n    def test_subtract")
    project.commit("skip", test_calculator__py=skipped, test_more__py=TESTS.replace("test_add", "test_more"))
    found = project.json("wait", "1", "--timeout", "90", code=1)
    assert found["baseline"] == first == project.json("baseline", "show")["oid"]
    whole = found["since_baseline"]["whole"]
    assert whole["newly_skipped"] == ["test_calculator.CalculatorTest.test_subtract"]
    assert ADD in whole["newly_failing"]
    assert len(whole["new"]) == 2
    assert found["since_previous"] is None
    said = " ".join(project.batchhook("analyze", "1", code=1).split())
    assert f"since the baseline ({first[:8]}): 2 newly failing, 1 newly skipped, 2 new" in said
    assert "newly skipped: test_calculator.CalculatorTest.test_subtract" in said


def test_what_cannot_be_a_baseline(project: Repository) -> None:
    assert "nowhere names no commit" in project.batchhook("baseline", "set", "nowhere", code=3)
    assert "--all names no commit" in project.batchhook("baseline", "set", "--", "--all", code=3)
    project.write(".batchhook.toml", 'start_dir = "nowhere"\n')
    assert "cannot be tested" in project.batchhook("baseline", "set", code=3)
