"""The Python of a repository is chosen once, kept wherever commits come from, and changed on request."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import venv
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.driving import CALCULATOR, TESTS, Repository

NEEDS_ACME = "import acme\n" + TESTS
DEPENDENT = "unittest.loader._FailedTest.test_calculator"


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment outside of the project, which holds a package that the tests need."""
    folder = tmp_path / "environment"
    venv.create(folder, symlinks=True)
    (next(folder.glob("lib/python3*/site-packages")) / "acme.py").write_text("")
    return folder


@pytest.fixture
def small(project: Repository) -> Repository:
    """A repository in which each commit fills a batch."""
    (project.top / ".batchhook.toml").write_text("batch_size = 1\n")
    (project.top / ".git" / "info" / "exclude").write_text("/.batchhook.toml\n/.venv\n")
    project.batchhook("status")  # from now on the hook counts by it
    return project


def active(environment: Path) -> dict[str, Any]:
    """The variables of a terminal in which a virtual environment is active."""
    return {"VIRTUAL_ENV": str(environment), "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def commit(project: Repository, number: int, **variables: Any) -> None:  # noqa: ANN401 - passed on
    project.write("test_calculator.py", f"{NEEDS_ACME}# {number}\n")
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", f"change {number}", **variables)


def python_check(project: Repository, name: str = "python", code: int = 0) -> dict[str, object]:
    checks = project.json("doctor", code=code)["checks"]
    return next((check for check in checks if check["name"] == name), {})


def test_a_commit_from_elsewhere_is_tested_under_the_same_python(small: Repository, environment: Path) -> None:
    commit(small, 1, **active(environment))
    first = small.json("wait", "1", "--timeout", "60")
    assert first["python"].startswith(f"{environment}/bin/python ")
    commit(small, 2)
    second = small.json("wait", "2", "--timeout", "60")
    assert (second["verdict"], second["python"]) == ("passed", first["python"])
    assert second["previous_python"] == ""
    assert second["suite_differences"] == []
    detail = str(python_check(small)["detail"])
    assert "the active virtual environment environment ($VIRTUAL_ENV), since " in detail
    assert "batchhook install --python PATH" in detail
    assert "batchhook install --python auto" in str(python_check(small, "other python")["detail"])


def test_another_python_is_said_and_its_failures_are_not_called_new(small: Repository, environment: Path) -> None:
    commit(small, 1, **active(environment))
    small.json("wait", "1", "--timeout", "60")
    small.batchhook("install", "--python", "auto")
    commit(small, 2)
    output = small.batchhook("wait", "2", "--timeout", "60", code=1)
    assert "1 failed before" in output
    assert "these tests ran under another Python than batch 1: " in output
    text, document = small.batchhook("analyze", "2", code=1), small.json("analyze", "2", code=1)
    assert "newly failing" not in text
    assert "1 failing without the changes, too" in text
    assert "another Python than batch 1" in text
    assert document["new_failures"] == []
    assert document["since_previous"]["whole"]["failing_without_changes"] == [DEPENDENT]
    assert document["previous_python"].startswith(str(environment))
    assert "another Python than batch 1" in (small.top / ".git/batchhook/reports/test_report_batch_2.txt").read_text()
    small.batchhook("install", "--python", str(environment))
    commit(small, 3)
    assert small.json("wait", "3", "--timeout", "60")["previous_python"] == document["python"]


def test_the_first_run_keeps_its_choice_whichever_command_it_is(project: Repository, environment: Path) -> None:
    assert "the first run keeps it" in str(python_check(project)["detail"])
    project.batchhook("test", **active(environment))
    assert str(environment) in str(python_check(project)["detail"])
    (project.top / ".git/batchhook/python.json").write_text("damaged")
    assert "the first run keeps it" in str(python_check(project)["detail"])
    project.batchhook("test", "--fresh")
    output = project.batchhook("test", "--fresh", **active(environment))
    assert f"not in the active environment (batchhook install --python {environment})" in output


def test_a_choice_inside_the_work_tree_holds_for_each_work_tree(project: Repository, environment: Path) -> None:
    shutil.copytree(environment, project.top / ".venv", symlinks=True)
    project.batchhook("test")
    assert json.loads((project.top / ".git/batchhook/python.json").read_text())["path"] == ".venv/bin/python"
    linked = project.top.parent / "linked"
    project.git("worktree", "add", "--quiet", str(linked))
    moved = project.top.parent / "moved"
    project.top.rename(moved)
    assert f"{moved}/.venv/bin/python" in str(python_check(Repository(moved))["detail"])


@pytest.mark.parametrize("is_dangling", [True, False])
def test_an_environment_that_does_not_start_is_never_passed_over(
    project: Repository, environment: Path, *, is_dangling: bool
) -> None:
    python = project.top / ".venv" / "bin" / "python"
    shutil.copytree(environment, project.top / ".venv", symlinks=True)
    python.unlink()
    if is_dangling:
        python.symlink_to("/nowhere/python3.9")
    else:
        python.write_text("#!/nowhere/python3.9\n")
        python.chmod(0o755)
    output = project.batchhook("test", code=3)
    assert "the project's virtual environment .venv cannot run the tests" in output
    assert "batchhook install --python PATH" in output
    assert "does not start" in project.batchhook("doctor", code=3)
    project.batchhook("install", "--python", "python3")
    assert "passed" in project.batchhook("test")
    assert "does not start" in str(python_check(project, "other python")["detail"])
    python.parent.parent.rename(project.top.parent / "away")
    assert python_check(project, "other python") == {}


def test_a_choice_that_is_gone_is_said_and_not_replaced(small: Repository, environment: Path) -> None:
    commit(small, 1, **active(environment))
    small.json("wait", "1", "--timeout", "60")
    shutil.rmtree(environment)
    commit(small, 2)
    document = small.json("wait", "2", "--timeout", "60", code=3)
    assert document["verdict"] == "broken"
    assert "does not exist" in document["broken"]
    assert "batchhook install --python PATH" in document["hint"]
    assert "does not exist" in str(python_check(small, code=3)["detail"])
    small.batchhook("install", "--python", "python3")
    commit(small, 3)
    assert "ran under another Python than batch 1: " in small.batchhook("wait", "3", "--timeout", "60", code=1)


def test_the_setting_takes_precedence(project: Repository, environment: Path) -> None:
    (project.top / ".batchhook.toml").write_text(f'python = "{environment}"\n')
    assert "takes precedence" in project.batchhook("install", "--python", "python3", code=3)
    assert str(environment) in str(python_check(project)["detail"])
    (project.top / ".batchhook.toml").unlink()
    assert "does not exist" in project.batchhook("install", "--python", "nowhere", code=3)
    document = project.json("install", "--python", f"../{environment.name}")
    assert document["python"] == f"{environment}/bin/python"
    project.batchhook("install")
    assert str(environment) in str(python_check(project)["detail"]), "a plain install keeps it"


def test_processes_that_choose_at_the_same_time_agree(project: Repository, environment: Path) -> None:
    (project.top / ".git/batchhook/python.json").unlink(missing_ok=True)
    command = [project.python, "-m", "batchhook", "--json", "test", "--fresh"]
    processes = [
        subprocess.Popen(command, cwd=project.top, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
        for variables in ({}, active(environment))
    ]
    assert [process.wait() for process in processes] == [0, 0]
    with closing(sqlite3.connect(project.top / ".git/batchhook/state.db")) as database:
        assert database.execute("SELECT count(*) FROM suites").fetchone() == (1,)


def test_an_unusable_calculator_is_still_named(small: Repository, environment: Path) -> None:
    """Under a kept Python, a change that breaks a test is blamed as ever."""
    commit(small, 1, **active(environment))
    small.json("wait", "1", "--timeout", "60")
    small.commit("break", calculator__py=CALCULATOR.replace("a + b", "a * b"))
    document = small.json("wait", "2", "--timeout", "60", code=1)
    assert [culprit["change"] for culprit in document["culprits"]] == [small.head()]
    assert document["new_failures"] == ["test_calculator.CalculatorTest.test_add"]
