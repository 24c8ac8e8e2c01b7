from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import batchhook.demo
from batchhook.demo.scenario import TESTS, DemoEngine, Scenario

RUN_UNITTEST = """
import io, json, unittest
result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.discover("."))
broken = {test.id().partition(" ")[0] for test, _ in result.failures + result.errors}
print(json.dumps({"tests": result.testsRun, "skipped": len(result.skipped), "broken": sorted(broken)}))
"""

RUN_PYTEST = """
import contextlib, io, json, pytest

class Count:
    broken, counts = [], {"passed": 0, "failed": 0, "skipped": 0}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            self.counts[report.outcome] += 1
        if report.failed:
            self.broken.append(report.nodeid)

count = Count()
with contextlib.redirect_stdout(io.StringIO()):
    pytest.main(["-p", "no:cacheprovider"], plugins=[count])
skipped = count.counts["skipped"]
print(json.dumps({"tests": sum(count.counts.values()), "skipped": skipped, "broken": sorted(count.broken)}))
"""
RUN_SUITE = {DemoEngine.UNITTEST: RUN_UNITTEST, DemoEngine.PYTEST: RUN_PYTEST}
PROJECT = Path(batchhook.demo.__file__).parent / "project"


def run_suite(folder: Path, engine: DemoEngine) -> dict[str, Any]:
    process = subprocess.run(
        [sys.executable, "-B", "-c", RUN_SUITE[engine]],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # the demo needs none, and they take long to import
        capture_output=True,
        text=True,
        check=True,
    )
    report: dict[str, Any] = json.loads(process.stdout)
    return report


def run_suites(folders: Iterable[Path], engine: DemoEngine) -> dict[str, dict[str, Any]]:
    """Run them concurrently: a suite mostly sleeps."""
    with ThreadPoolExecutor(max_workers=8) as threads:
        reports = threads.map(lambda each: (each.name, run_suite(each, engine)), folders)
        return dict(reports)


def test_each_change_breaks_just_what_the_story_says(scenario: Scenario, make_project: Callable[..., Path]) -> None:
    good = [change for change in scenario.batch if not change.breaks]
    reports = run_suites(
        [
            make_project("untouched"),
            *(make_project(change.name, change) for change in scenario.batch),
            make_project("whole batch", *scenario.batch),
            make_project("corrected", *good, scenario.corrected),
        ],
        scenario.engine,
    )

    assert {name: set(report["broken"]) for name, report in reports.items()} == {
        "untouched": set(),
        **{change.name: set(change.breaks) for change in scenario.batch},
        "whole batch": set(scenario.broken_tests),
        "corrected": set(),
    }
    assert reports["untouched"]["tests"] == TESTS[scenario.engine]
    whole = reports["whole batch"]
    assert len(whole["broken"]) / (whole["tests"] - whole["skipped"]) >= 0.10  # the default of what is critical


def test_two_of_five_changes_are_faulty(scenario: Scenario) -> None:
    assert len(scenario.batch) == 5
    assert [bool(change.breaks) for change in scenario.batch] == [False, True, False, True, False]
    assert not scenario.corrected.breaks


def test_messages_fit_a_terminal(scenario: Scenario) -> None:
    for change in (*scenario.batch, scenario.corrected):
        assert len(f'$ git commit -am "{change.message}"') <= 80
        assert change.message.splitlines() == [change.message]
        assert change.reason.endswith(".")


def test_changes_edit_existing_files_only(scenario: Scenario, make_project: Callable[..., Path]) -> None:
    """So that ``git commit -a`` takes all of a change."""
    folder = make_project("project")
    for change in (*scenario.batch, scenario.corrected):
        assert change.files
        assert all((folder / file).is_file() for file in change.files)


@pytest.mark.parametrize("file", sorted(PROJECT.rglob("*.py")), ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_project_is_python_3_8(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
    assert ast.get_docstring(tree)
