"""Tests that are written for pytest are counted under unittest, and told wherever the verdict is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from batchhook.execution.pip_command import install_command
from tests.driving import TESTS, Repository

PYTEST_TESTS = "def test_a(): pass\n\n\nclass TestB:\n    def test_b(self): pass\n"
UNRUN = "2 pytest-style tests in 1 file were not run"
ARE_UNRUN = "2 pytest-style tests in 1 file are not run by unittest"
SETTING = 'engine = "pytest" in [tool.batchhook] runs them'


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without pytest."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


def configure(repository: Repository, **settings: object) -> None:
    lines = {"batch_size": 1, "wait": 0, **settings}
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
    repository.write(".batchhook.toml", text)


def run_batch(repository: Repository, subject: str, code: int = 0, **files: str) -> str:
    repository.commit(subject, **files)
    return repository.batchhook("wait", code=code)


@pytest.fixture
def mixed(project: Repository) -> Repository:
    """A project with both kinds of tests, under unittest."""
    project.batchhook("install")
    configure(project, engine="unittest")
    project.write("tests/data/test_sample.py", "def test_sample(): pass\n")
    project.write("test_functions.py", PYTEST_TESTS)
    return project


def test_a_batch_says_what_was_not_run(mixed: Repository) -> None:
    assert f"; {UNRUN}" in run_batch(mixed, "one")
    for command in ("analyze 1", "test"):
        printed = mixed.batchhook(*command.split())
        assert "passed: 2 tests in" in printed
        assert UNRUN in printed
        assert SETTING in printed
    for command in ("log", "status"):
        assert "passed, 2 not run" in mixed.batchhook(command)


def test_documents_and_reports_say_what_was_not_run(mixed: Repository) -> None:
    run_batch(mixed, "one")
    for command in ("analyze 1", "test"):
        document = mixed.json(*command.split())
        assert document["verdict"] == "passed"
        assert document["unrun"] == {"tests": 2, "files": 1, "examples": ["test_functions.py"]}
        assert document["totals"]["not_run"] == 2
        assert document["totals"]["tests"] == 2
        assert document["hint"] == SETTING
    assert mixed.json("log")["batches"][0]["totals"]["not_run"] == 2
    files = mixed.json("report", "1")["files"]
    for name, path in files.items():
        if name.endswith((".html", ".md", ".txt")):
            assert UNRUN in Path(path).read_text("utf-8"), name
        if name.endswith(".xml"):
            assert "batchhook.not_run" in Path(path).read_text("utf-8")


def test_a_part_of_the_suite_says_nothing_of_the_rest(mixed: Repository) -> None:
    run_batch(mixed, "one")
    assert "not run" not in mixed.batchhook("test", "test_calculator")


def test_tests_for_pytest_alone_are_no_tests_for_unittest(project: Repository) -> None:
    project.batchhook("install")
    configure(project, engine="unittest")
    project.git("rm", "-q", "test_calculator.py")
    printed = run_batch(project, "one", 3, test_functions__py=PYTEST_TESTS)
    assert "could not be tested: No tests were found by unittest, only 2 pytest-style tests in 1 file" in printed
    assert SETTING in printed


@pytest.mark.parametrize("text", [PYTEST_TESTS, f"import pytest\n\n\n{PYTEST_TESTS}"], ids=["plain", "with an import"])
def test_a_python_without_pytest(project: Repository, bare_python: Path, text: str) -> None:
    project.batchhook("install")
    configure(project, python=str(bare_python))
    project.git("rm", "-q", "test_calculator.py")
    printed = run_batch(project, "one", 3, test_functions__py=text)
    assert f"this project's tests are written for pytest, and {bare_python} does not have it" in printed
    assert install_command(bare_python, "pytest") in printed
    assert "rollback" not in project.batchhook("analyze", "1", code=3)


def test_what_unittest_can_run_without_pytest_is_run(project: Repository, bare_python: Path) -> None:
    project.batchhook("install")
    configure(project, python=str(bare_python))
    printed = run_batch(project, "one", test_functions__py=PYTEST_TESTS)
    assert "passed: 2 tests in" in printed
    assert UNRUN in printed
    assert install_command(bare_python, "pytest") in printed


def test_a_setting_for_pytest_without_pytest(project: Repository, bare_python: Path) -> None:
    project.batchhook("install")
    configure(project, python=str(bare_python), engine="pytest")
    printed = run_batch(project, "one", 3)
    assert install_command(bare_python, "pytest") in printed
    assert "rollback" not in project.batchhook("analyze", "1", code=3)


def test_no_rollback_is_offered_where_there_are_no_tests(project: Repository) -> None:
    project.batchhook("install")
    configure(project)
    run_batch(project, "one")
    project.git("rm", "-q", "test_calculator.py")
    printed = run_batch(project, "two", 3)
    assert "No tests were found" in printed
    assert "rollback" not in project.batchhook("analyze", "2", code=3)
    files = project.json("report", "2")["files"]
    assert not [name for name, path in files.items() if "batchhook rollback 2" in Path(path).read_text("utf-8")]


def test_a_rollback_is_offered_if_the_suite_could_run_before(project: Repository) -> None:
    project.batchhook("install")
    configure(project)
    run_batch(project, "one")
    configure(project, setup="exit 1")
    run_batch(project, "two", 3)
    assert "batchhook rollback 2" in project.batchhook("analyze", "2", code=3)
    run_batch(project, "three", 3)
    assert "rollback" not in project.batchhook("analyze", "3", code=3)


def test_installation_and_doctor_say_what_would_run(project: Repository, bare_python: Path) -> None:
    printed = project.batchhook("install")
    assert "The tests are run by unittest (nothing in the project is written for pytest): 2 tests in 1 file." in printed
    project.write("test_functions.py", PYTEST_TESTS)
    printed = project.batchhook("install")
    assert "(pytest-style tests in test_functions.py): 4 tests in 2 files." in printed
    assert "not run" not in printed
    configure(project, engine="unittest")
    assert f"{ARE_UNRUN}: {SETTING}" in project.batchhook("install")
    checks = {check["name"]: check for check in project.json("doctor", code=3)["checks"]}
    assert checks["engine"]["detail"] == 'unittest (engine = "unittest")'
    assert checks["discovery"]["detail"] == "2 tests in 1 file"
    assert checks["not run"]["detail"] == f"{ARE_UNRUN}: test_functions.py"
    configure(project, python=str(bare_python))
    (document,) = project.json("install")["suites"]
    assert document["engine"] == "unittest"
    assert document["problem"].endswith(f"and {bare_python} does not have it")
    assert project.batchhook("doctor", code=3).count(install_command(bare_python, "pytest")) == 1
    assert document["hint"] == install_command(bare_python, "pytest")


def test_an_installation_does_not_wait_for_a_slow_suite(project: Repository) -> None:
    project.write("test_slow.py", "import time\n\ntime.sleep(600)\n" + TESTS)
    assert "too slow to count here: batchhook doctor does" in project.batchhook("install")
