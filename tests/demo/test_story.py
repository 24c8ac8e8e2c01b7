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

from batchhook.demo.story import PROJECT, Story

RUN_SUITE = """
import io, json, unittest
result = unittest.TextTestRunner(stream=io.StringIO()).run(unittest.defaultTestLoader.discover("."))
broken = {test.id().partition(" ")[0] for test, _ in result.failures + result.errors}
print(json.dumps({"tests": result.testsRun, "skipped": len(result.skipped), "broken": sorted(broken)}))
"""


@pytest.fixture(scope="module")
def story() -> Story:
    return Story.read()


def run_suite(folder: Path) -> dict[str, Any]:
    process = subprocess.run(
        [sys.executable, "-B", "-c", RUN_SUITE],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(process.stdout)
    return answer


def run_suites(folders: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """All at once: a suite mostly sleeps."""
    with ThreadPoolExecutor(max_workers=8) as threads:
        return {folder.name: answer for folder, answer in threads.map(lambda each: (each, run_suite(each)), folders)}


def test_each_change_breaks_just_what_the_story_says(story: Story, make_project: Callable[..., Path]) -> None:
    good = [change for change in story.batch if not change.breaks]
    answers = run_suites(
        [
            make_project("untouched"),
            *(make_project(change.patch.stem, change) for change in story.batch),
            make_project("whole batch", *story.batch),
            make_project("happy end", *good, story.repaired),
        ],
    )

    assert {name: set(answer["broken"]) for name, answer in answers.items()} == {
        "untouched": set(),
        **{change.patch.stem: set(change.breaks) for change in story.batch},
        "whole batch": set(story.broken_tests),
        "happy end": set(),
    }
    assert answers["untouched"]["tests"] == 73  # as play.py says
    whole = answers["whole batch"]
    assert len(whole["broken"]) / (whole["tests"] - whole["skipped"]) >= 0.10  # the default of what is critical


def test_five_changes_of_which_two_are_faulty(story: Story) -> None:
    assert len(story.batch) == 5
    assert [len(change.breaks) for change in story.batch] == [0, 7, 0, 1, 0]
    assert not story.repaired.breaks


def test_messages_fit_a_terminal(story: Story) -> None:
    for change in (*story.batch, story.repaired):
        assert len(f'$ git commit -am "{change.message}"') <= 80
        assert change.message.splitlines() == [change.message]
        assert change.reason.endswith(".")


def test_changes_only_edit_files_that_are_there(story: Story) -> None:
    """So that ``git commit -a`` takes all of a change."""
    for change in (*story.batch, story.repaired):
        assert change.files
        assert all((PROJECT / file).is_file() for file in change.files)


@pytest.mark.parametrize("file", sorted(PROJECT.rglob("*.py")), ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_project_is_python_3_8(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
    assert ast.get_docstring(tree)
