"""Small things that users met, each once."""

from __future__ import annotations

import shutil
import venv
from pathlib import Path

from batchhook.core.comparison import Comparison
from batchhook.core.culprits.attribution import Attribution, AttributionKind, complete
from batchhook.report import phrases
from tests.driving import TESTS, Repository


def test_baseline_alone_shows_it_and_a_later_one_is_not_vanished(project: Repository) -> None:
    assert "there is no baseline yet" in project.batchhook("baseline", code=3)
    project.commit("more", test_more__py=TESTS)
    project.batchhook("baseline", "set")
    assert project.batchhook("baseline") == project.batchhook("baseline", "show")
    assert project.json("baseline") == project.json("baseline", "show")
    printed = project.batchhook("baseline", "compare", "HEAD~1")
    assert "vanished" not in printed
    assert "before the baseline" in printed
    assert "added later: test_more.CalculatorTest.test_add" in printed


def test_words_for_tests_that_only_one_run_has() -> None:
    comparison = Comparison(added=("a",), removed=("b",))
    assert phrases.differences(comparison) == (("new", ("a",)), ("vanished", ("b",)))
    later = phrases.differences(comparison, is_later=True)
    assert later == (("removed later", ("a",)), ("added later", ("b",)))


def test_the_folder_that_ci_creates_is_ignored(project: Repository) -> None:
    project.batchhook("ci")
    assert project.git("status", "--porcelain", "--untracked-files=all") == ""
    project.write("mine/notes.txt", "mine\n")
    project.batchhook("ci", "--output", "mine")
    assert "mine/junit.xml" in project.git("status", "--porcelain", "--untracked-files=all")


def test_record_refuses_a_name_that_does_not_exist(project: Repository) -> None:
    project.write("new.py", "x = 1\n")
    assert "nosuch.py does not exist; nothing was recorded" in project.batchhook("record", "nosuch.py", code=64)
    (project.top / "test_calculator.py").unlink()
    assert "D test_calculator.py" in project.batchhook("record", "test_calculator.py", "--no-wait")


def test_every_failing_test_has_an_attribution_after_a_search() -> None:
    flaky = Attribution(AttributionKind.FLAKY, 0.9)
    completed = complete({"a": flaky}, ["a", "b"])
    assert completed["a"] is flaky
    assert (completed["b"].kind, completed["b"].reason) == (AttributionKind.AMBIGUOUS, "it was not searched for")
    assert complete({}, ["a"]) == {}


def test_a_linked_folder_is_ignored_as_it_is_in_the_work_tree(project: Repository) -> None:
    test = (
        "import subprocess, unittest\n\n\nclass LinkTest(unittest.TestCase):\n    def test_status(self):\n"
        "        self.assertEqual(open('data/x.txt').read(), 'x')\n"
        "        command = ['git', 'status', '--porcelain', '--untracked-files=all']\n"
        "        self.assertEqual(subprocess.check_output(command), b'')\n"
    )
    project.write(".gitignore", "/data/\n__pycache__/\n")
    project.write(".batchhook.toml", 'link = ["data"]\n')
    project.write("data/x.txt", "x")
    project.commit("link", test_link__py=test)
    assert "3 tests" in project.batchhook("test")
    assert project.read("data/x.txt") == "x"


def test_before_the_first_commit_that_a_framework_counts(project: Repository) -> None:
    project.batchhook("uninstall")
    shutil.rmtree(project.top / ".git/batchhook")
    hooks = "".join(f"      - id: batchhook-{name}\n" for name in ("pre-commit", "post-commit"))
    project.write(".pre-commit-config.yaml", f"repos:\n  - repo: x\n    rev: y\n    hooks:\n{hooks}")
    for command in ("status", "log", "test"):
        assert ".pre-commit-config.yaml runs batchhook, but no commit was counted" in project.batchhook(command, code=3)
    project.write(".pre-commit-config.yaml", "repos: []\n")
    assert "batchhook is not installed" in project.batchhook("status", code=3)


def test_after_an_uninstallation_status_and_log_say_so(project: Repository) -> None:
    assert project.json("status")["installed"]
    project.batchhook("uninstall")
    for command in ("status", "log"):
        assert "To count again: batchhook install" in project.batchhook(command)
    assert not project.json("status")["installed"]
    project.batchhook("install")
    assert "uninstalled" not in project.batchhook("status")


def test_where_nothing_is_committed_yet(tmp_path: Path) -> None:
    project = Repository(tmp_path / "empty")
    project.top.mkdir()
    project.git("init", "--quiet")
    project.batchhook("install")
    for command in ("baseline set", "affected", "bisect x HEAD HEAD", "test"):
        assert "nothing is committed here yet" in project.batchhook(*command.split(), code=3), command
    assert "no test has run here yet" in project.run("test", "--failed").stderr


def test_an_open_batch_cannot_be_acknowledged(project: Repository) -> None:
    project.commit("one")
    assert "batch 1 is still open: there is nothing to acknowledge" in project.batchhook("ack", "1", code=3)


def test_one_cause_that_concerns_several_suites_is_named_once(project: Repository) -> None:
    suites = "".join(f'[[suites]]\nname = "{name}"\nfolder = "{name}"\nengine = "pytest"\n' for name in "ab")
    project.write(".batchhook.toml", suites)
    venv.create(project.top / ".venv", symlinks=True)  # without pytest
    for name in "ab":
        project.write(f"{name}/test_{name}.py", "def test_it():\n    pass\n")
    checks = [check for check in project.json("doctor", code=3)["checks"] if not check["ok"]]
    details = [check["detail"] for check in checks]
    assert len(details) == len(set(details)), checks
    assert "a, b: engine" in [check["name"] for check in checks]


def test_a_suite_whose_folder_is_missing(project: Repository) -> None:
    project.write(
        ".batchhook.toml", '[[suites]]\nname = "a"\nfolder = "pkg/a"\n\n[[suites]]\nname = "b"\nfolder = "."\n'
    )
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "suites")
    printed = project.batchhook("test", code=1)
    assert "The folder a does not exist in what is tested." in printed
    assert "Set `folder` of the suite" in printed
