"""``batchhook ci --range``: which commit of a pull request broke what, and what none of them did."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from batchhook.errors import UsageError
from batchhook.git.command import Git
from batchhook.workflow.ci.ci_env import branch_under_test, range_under_test
from batchhook.workflow.ci.ranges import RevisionRange
from tests.driving import CALCULATOR, TESTS, Repository
from tests.workflow.ci.conftest import clone, trace

ADD, SUBTRACT = (f"test_calculator.CalculatorTest.test_{name}" for name in ("add", "subtract"))
FLAKY = """\
import os
import unittest


class FlakyTest(unittest.TestCase):
    def test_now_and_then(self):
        path = os.environ["TIMES"]
        with open(path, "a") as file:
            file.write("x")
        self.assertTrue(os.path.getsize(path) % 2 == 0)
"""


def pull_request(origin: Repository) -> Repository:
    """A branch of four commits, of which the second broke ``test_add``; ``main`` fails in ``test_subtract`` already."""
    origin.commit("old break", calculator__py=CALCULATOR.replace("a - b", "a"))
    origin.git("checkout", "--quiet", "-b", "work")
    origin.commit("one")
    origin.commit("two: break", calculator__py=CALCULATOR.replace("a - b", "a").replace("a + b", "a * b"))
    origin.commit("three")
    origin.commit("four")
    return origin


def kinds(found: Any) -> dict[str, tuple[str, str]]:  # noqa: ANN401 - a document
    return {name: (test["kind"], test["change"]) for name, test in found["range"]["tests"].items()}


def test_guilty_old_and_flaky_are_told_apart(
    origin: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMES", str(tmp_path / "times"))
    origin.commit("flaky", test_flaky__py=FLAKY)
    fresh = clone(pull_request(origin))
    before = trace(fresh)
    found = fresh.json("ci", "--range", "origin/main..HEAD", "--jobs", "1", code=1)
    guilty = fresh.head("HEAD~2")
    assert kinds(found) == {
        ADD: ("culprit", guilty),
        SUBTRACT: ("pre-existing", ""),
        "test_flaky.FlakyTest.test_now_and_then": ("flaky", ""),
    }
    assert found["failures"][0]["test_id"] == ADD, "what the range broke comes first"
    assert found["range"]["changes"][0]["summary"] == "two: break"
    assert json.loads(fresh.read("test_batch_logs/culprits.json")) == found["range"]
    assert f"`{guilty[:12]}` two: break" in fresh.read("test_batch_logs/summary.md")
    assert trace(fresh) == before
    for folder in ("RUNNER_TEMP", "BATCHHOOK_WORKTREES"):
        assert list(Path(os.environ[folder]).iterdir()) == []


def test_a_merge_that_github_made_is_searched_inside(origin: Repository) -> None:
    pull_request(origin)
    guilty = origin.head("HEAD~2")
    origin.git("checkout", "--quiet", "main")
    origin.commit("meanwhile", other__txt="")
    origin.git("merge", "--quiet", "--no-ff", "-m", "Merge work into main", "work")
    origin.git("update-ref", "refs/pull/1/merge", "HEAD")
    origin.git("reset", "--quiet", "--hard", "HEAD~1")
    fresh = clone(origin)
    fresh.git("fetch", "--quiet", "origin", "refs/pull/1/merge")
    fresh.git("checkout", "--quiet", "FETCH_HEAD")
    said = fresh.batchhook("ci", "--range", code=1, GITHUB_ACTIONS="true", GITHUB_BASE_REF="main")
    lines = said.splitlines()
    (error,) = [line for line in lines if line.startswith("::error ")]
    assert f"title={ADD}" in error
    assert f"broken by {guilty[:8]} (two%3A break)".replace("%3A", ":") in error
    (warning,) = [line for line in lines if line.startswith("::warning ")]
    assert f"title={SUBTRACT}" in warning
    assert "already failing before origin/main..HEAD" in warning


def test_a_shallow_clone_is_told_to_fetch_more(origin: Repository) -> None:
    fresh = clone(pull_request(origin), "--depth=1", "--branch=work")
    github = {"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main"}
    said = fresh.batchhook("ci", "--range", code=3, **github)
    assert "origin/main is not in this shallow clone" in said
    assert "fetch-depth: 0" in said
    fresh.git("fetch", "--quiet", "--depth=2", "origin", "main:refs/remotes/origin/main")
    assert "commits of origin/main..HEAD are missing" in fresh.batchhook("ci", "--range", code=3, **github)
    assert "fetch-depth: 0" in fresh.batchhook("ci", "--compare", "v1", code=3)
    fresh.git("fetch", "--quiet", "--unshallow")
    assert fresh.json("ci", "--range", "origin/main..", code=1)["range"]["commits"] == 4


def test_what_services_say_of_the_range(origin: Repository, tmp_path: Path) -> None:
    git = Git(origin.top)
    base, event = origin.head(), tmp_path / "event.json"
    pushed = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(event)}
    nothing = RevisionRange("HEAD", "HEAD")
    assert range_under_test(git, pushed) == nothing
    for before, expected in (
        (base, RevisionRange(base, "HEAD")),
        ("0" * 40, nothing),
        ("1" * 40, nothing),
        (None, nothing),
    ):
        event.write_text(json.dumps({"before": before}))
        assert range_under_test(git, pushed) == expected
    assert range_under_test(git, {**pushed, "GITHUB_BASE_REF": "main"}) == RevisionRange("origin/main", "HEAD")
    gitlab = {"GITLAB_CI": "true", "CI_COMMIT_BEFORE_SHA": "0" * 40}
    assert range_under_test(git, gitlab) == nothing
    assert range_under_test(git, {**gitlab, "CI_COMMIT_BEFORE_SHA": base}) == RevisionRange(base, "HEAD")
    assert range_under_test(git, {**gitlab, "CI_MERGE_REQUEST_DIFF_BASE_SHA": "2" * 40}) == RevisionRange(
        "2" * 40, "HEAD"
    )
    with pytest.raises(UsageError, match="no CI service names a range here"):
        range_under_test(git, {})


@pytest.mark.parametrize(
    ("variables", "branch"),
    [
        ({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/it"}, "refs/heads/it"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/1/merge", "GITHUB_HEAD_REF": "it"}, "refs/heads/it"),
        ({"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "it"}, "refs/heads/it"),
        ({"GITLAB_CI": "true", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "it"}, "refs/heads/it"),
        ({"GITLAB_CI": "true", "CI_COMMIT_TAG": "v1"}, ""),
        ({"CI_COMMIT_BRANCH": "it"}, ""),
    ],
)
def test_what_services_say_of_the_branch(variables: dict[str, str], branch: str) -> None:
    assert branch_under_test(variables) == branch


def test_where_there_is_nothing_to_search(origin: Repository) -> None:
    fresh = clone(pull_request(origin))
    said = fresh.batchhook("ci", "--range", code=1, GITHUB_ACTIONS="true")
    assert "there are no commits in HEAD..HEAD: culprits were not searched for" in said
    assert "the budget is 0" in fresh.batchhook("ci", "--range", "HEAD~1..", "--budget", "0", code=1)
    found = fresh.json("ci", "--range", "origin/main~1..origin/main~1", "--compare", "origin/main~1")
    assert (found["verdict"], found["range"], found["regressions"]["regression"]) == ("passed", None, False)


def test_a_range_may_end_elsewhere_and_be_compared(origin: Repository) -> None:
    fresh = clone(pull_request(origin))
    fresh.git("checkout", "--quiet", "--detach", "origin/main~1")
    found = fresh.json("ci", "--range", "origin/main...origin/work", "--compare", "origin/main", code=2)
    assert found["commit"] == fresh.head("origin/work")
    assert found["regressions"]["compared"]["whole"]["newly_failing"] == [ADD]
    assert found["regressions"]["failures"][0]["attribution"]["change"] == fresh.head("origin/work~2")


def test_a_fixture_and_a_failed_import_have_culprits_too(origin: Repository) -> None:
    origin.commit("one")
    setup = "    @classmethod\n    def setUpClass(cls):\n        raise OSError('no port')\n\n    def test_a"
    origin.commit("two", test_fixture__py=TESTS.replace("    def test_a", setup, 1))
    origin.commit("three", test_broken__py="import nowhere\n")
    fresh = clone(origin)
    found = kinds(fresh.json("ci", "--range", "HEAD~3..", code=1))
    assert found == {
        "setUpClass (test_fixture.CalculatorTest)": ("introduced failing", fresh.head("HEAD~1")),
        "unittest.loader._FailedTest.test_broken": ("introduced failing", fresh.head()),
    }
