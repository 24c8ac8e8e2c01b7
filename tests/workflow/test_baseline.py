"""The baseline: set by the user, compared with, and never moved automatically."""

from __future__ import annotations

from pathlib import Path

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
    assert "No differences." in project.batchhook("baseline", "compare")
    project.commit("break", calculator__py=BROKEN)
    report = project.json("baseline", "compare", code=2)
    assert report["compared"]["whole"]["newly_failing"] == [ADD]
    assert list(report["compared"]["by_module"]) == ["test_calculator"]
    assert (report["oid"], report["baseline"], report["verdict"]) == (project.head(), first, "critical")
    assert not project.json("baseline", "compare", first)["compared"]["by_module"]


def test_failing_tests_are_refused_unless_forced(project: Repository) -> None:
    project.batchhook("baseline", "set")
    first = project.head()
    project.commit("break", calculator__py=BROKEN)
    output = project.batchhook("baseline", "set", code=3)
    assert "1 of 2 tests fail" in output
    assert project.json("baseline", "show")["oid"] == first
    assert "1 accepted as failing" in " ".join(project.batchhook("baseline", "set", "--force").split())
    assert project.json("baseline", "show")["forced"]
    report = project.json("baseline", "compare", code=1)
    assert report["compared"]["whole"]["still_failing"] == [ADD]


def test_a_known_flake_that_passes_is_not_fixed(project: Repository, tmp_path: Path) -> None:
    coin = tmp_path / "coin"
    coin.write_text("tails")
    test = f"    def test_coin(self):\n        self.assertEqual(open({str(coin)!r}).read(), 'heads')\n"
    project.commit("flaky", test_calculator__py=TESTS + test)
    project.batchhook("baseline", "set", "--force")
    coin.write_text("heads")
    project.batchhook("test", "--fresh")
    project.commit("next")
    assert project.json("baseline", "compare")["compared"]["whole"]["fixed"] == []
    assert "fixed" not in project.batchhook("baseline", "compare")


def test_a_failing_batch_is_compared_with_it_and_does_not_move_it(project: Repository) -> None:
    project.batchhook("baseline", "set")
    first = project.head()
    for number in range(1, 5):
        project.commit(str(number), calculator__py=f"{BROKEN}# {number}\n")
    skipped = TESTS.replace("    def test_subtract", "    @unittest.skip('not now')\n    def test_subtract")
    project.commit("skip", test_calculator__py=skipped, test_more__py=TESTS.replace("test_add", "test_more"))
    report = project.json("wait", "1", "--timeout", "90", code=1)
    assert report["baseline"] == first == project.json("baseline", "show")["oid"]
    whole = report["since_baseline"]["whole"]
    assert whole["newly_skipped"] == ["test_calculator.CalculatorTest.test_subtract"]
    assert ADD in whole["newly_failing"]
    assert len(whole["new"]) == 2
    assert report["since_previous"] is None
    output = " ".join(project.batchhook("analyze", "1", code=1).split())
    assert f"since the baseline ({first[:8]}): 2 newly failing, 1 newly skipped, 2 new" in output
    assert "newly skipped: test_calculator.CalculatorTest.test_subtract" in output


def test_errors(project: Repository) -> None:
    assert "unknown revision: nowhere" in project.batchhook("baseline", "set", "nowhere", code=3)
    assert "unknown revision: --all" in project.batchhook("baseline", "set", "--", "--all", code=3)
    project.write(".batchhook.toml", 'start_dir = "nowhere"\n')
    assert "cannot be tested" in project.batchhook("baseline", "set", code=3)
