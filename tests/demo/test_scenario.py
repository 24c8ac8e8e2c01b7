from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from batchhook.demo.scenario import PROJECT, Scenario

RUN_SUITE = """
import io, json, unittest
result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.discover("."))
broken = {test.id().partition(" ")[0] for test, _ in result.failures + result.errors}
print(json.dumps({"tests": result.testsRun, "skipped": len(result.skipped), "broken": sorted(broken)}))
"""


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.read()


def run_suite(folder: Path) -> dict[str, Any]:
    process = subprocess.run(
        [sys.executable, "-B", "-c", RUN_SUITE],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    report: dict[str, Any] = json.loads(process.stdout)
    return report


def run_suites(folders: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Run them concurrently: a suite mostly sleeps."""
    with ThreadPoolExecutor(max_workers=8) as threads:
        return {folder.name: report for folder, report in threads.map(lambda each: (each, run_suite(each)), folders)}


def test_each_change_breaks_just_what_the_story_says(scenario: Scenario, make_project: Callable[..., Path]) -> None:
    good = [change for change in scenario.batch if not change.breaks]
    reports = run_suites(
        [
            make_project("untouched"),
            *(make_project(change.patch.stem, change) for change in scenario.batch),
            make_project("whole batch", *scenario.batch),
            make_project("corrected", *good, scenario.corrected),
        ],
    )

    assert {name: set(report["broken"]) for name, report in reports.items()} == {
        "untouched": set(),
        **{change.patch.stem: set(change.breaks) for change in scenario.batch},
        "whole batch": set(scenario.broken_tests),
        "corrected": set(),
    }
    assert reports["untouched"]["tests"] == 73  # as walkthrough.py states
    whole = reports["whole batch"]
    assert len(whole["broken"]) / (whole["tests"] - whole["skipped"]) >= 0.10  # the default of what is critical


def test_two_of_five_changes_are_faulty(scenario: Scenario) -> None:
    assert len(scenario.batch) == 5
    assert [len(change.breaks) for change in scenario.batch] == [0, 7, 0, 1, 0]
    assert not scenario.corrected.breaks


def test_messages_fit_a_terminal(scenario: Scenario) -> None:
    for change in (*scenario.batch, scenario.corrected):
        assert len(f'$ git commit -am "{change.message}"') <= 80
        assert change.message.splitlines() == [change.message]
        assert change.reason.endswith(".")


def test_changes_edit_existing_files_only(scenario: Scenario) -> None:
    """So that ``git commit -a`` takes all of a change."""
    for change in (*scenario.batch, scenario.corrected):
        assert change.files
        assert all((PROJECT / file).is_file() for file in change.files)


@pytest.mark.parametrize("file", sorted(PROJECT.rglob("*.py")), ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_project_is_python_3_8(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
    assert ast.get_docstring(tree)
