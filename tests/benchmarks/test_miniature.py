"""Every benchmark in miniature: on a tiny project, in a few seconds, without the network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.driving import Repository

TOP = Path(__file__).parents[2]
WITH_PYTEST = ("--engine", "pytest", "--plugins", "")
pytestmark = pytest.mark.timeout(300)

SHAPES = """\
def area(width, height):
    if width < 0 or height < 0:
        return 0
    return width * height


def perimeter(width, height):
    return 2 * (width + height)


def is_square(width, height):
    return width == height


def larger(first, second):
    return first if area(*first) > area(*second) else second


def grow(width, height, margin):
    return width + 2 * margin, height + 2 * margin
"""
SHAPES_TESTS = """\
import time
import unittest

from shapes import plane


class PlaneTests(unittest.TestCase):
    def test_area(self):
        self.assertEqual(plane.area(2, 3), 6)

    def test_perimeter(self):
        self.assertEqual(plane.perimeter(2, 3), 10)

    def test_is_square(self):
        self.assertTrue(plane.is_square(2, 2))

    def test_grow(self):
        self.assertEqual(plane.grow(1, 2, 3), (7, 8))

    def test_is_not_square(self):
        self.assertFalse(plane.is_square(2, 3))

    def test_empty(self):
        self.assertEqual(plane.area(0, 0), 0)


class SlowTests(unittest.TestCase):
    def test_sleep(self):
        time.sleep(0.002)

    def test_sleep_again(self):
        time.sleep(0.003)
"""
PYTEST_TESTS = """\
import pytest

from shapes import plane


@pytest.fixture(scope="module")
def squares():
    return [(1, 1), (2, 2)]


@pytest.mark.parametrize(("sides", "area"), [((2, 3), 6), ((0, 0), 0), ((-1, 2), 0)])
def test_area(sides, area):
    assert plane.area(*sides) == area


def test_squares(squares):
    assert all(plane.is_square(*sides) for sides in squares)


class TestPerimeter:
    def test_perimeter(self):
        assert plane.perimeter(2, 3) == 10

    @pytest.mark.skip(reason="no circles yet")
    def test_circle(self):
        raise AssertionError

    @pytest.mark.xfail(reason="no negative sides yet")
    def test_negative(self):
        assert plane.perimeter(-1, 2) == 0


def test_grow():
    assert plane.grow(1, 2, 3) == (7, 8)


def test_larger():
    assert plane.larger((1, 2), (2, 3)) == (2, 3)
"""


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """A project with a package and a suite."""
    project = Repository(tmp_path / "shapes")
    project.write("shapes/__init__.py", "")
    project.write("shapes/plane.py", SHAPES)
    project.write("test_plane.py", SHAPES_TESTS)
    for name in ("readme", "license", "notes"):
        project.write(f"texts/{name}.txt", f"{name}\n")
    project.git("init", "--quiet")
    project.git("add", "--all")
    project.git("commit", "--quiet", "-m", "first")
    return project.top


@pytest.fixture
def pytest_shapes(tmp_path: Path) -> Path:
    """The same package with a suite of pytest's, and two changes."""
    project = Repository(tmp_path / "shapes")
    project.write("shapes/__init__.py", "")
    project.write("tests/test_plane.py", PYTEST_TESTS)
    project.write("pytest.ini", "[pytest]\ntestpaths = tests\npythonpath = .\n")
    project.git("init", "--quiet")
    for number in range(3):
        project.write("shapes/plane.py", f'"""Version {number}."""\n{SHAPES}')
        project.write(f"texts/note{number}.txt", "note\n")
        project.git("add", "--all")
        project.git("commit", "--quiet", "-m", f"change {number}")
    return project.top


def run(*arguments: str | Path, code: int = 0) -> str:
    """Run a benchmark; return its output."""
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def test_commit_cost() -> None:
    output = run("benchmarks.commit_cost", "--rounds", "1", "--changes", "10", "20")
    assert "minimal shell hook" in output
    assert "Growth from 10 to 20: " in output


def test_recording() -> None:
    output = run("benchmarks.recording", "--files", "3", "--rounds", "1")
    assert output.count(" ms ") == 5


def test_watch_soak(shapes: Path) -> None:
    options = ("--minutes", "0.05", "--idle", "0.2", "--settle", "0.1", "--only", "edit,touch unchanged,commit")
    output = run("benchmarks.watch_soak", shapes, *options)
    assert "exit code after SIGTERM" in output


def test_simulated_searches() -> None:
    output = run("benchmarks.culprits.simulate", "--histories", "1", "--changes", "5", "--only", "deterministic")
    assert output.count("bisection x 8") == 12


def test_planted_culprits(shapes: Path, tmp_path: Path) -> None:
    options = ("--seeds", "1", "--commits", "3", "--flaky", "0", "--json", tmp_path / "numbers.json")
    output = run("benchmarks.culprits.planted", "--project", shapes, "--cache", tmp_path / "cache", *options)
    (numbers,) = json.loads((tmp_path / "numbers.json").read_text())
    assert numbers["tally"]["tests"] > 0, output
    assert numbers["rivals"]["bisected"] > 0


def test_maps(shapes: Path, tmp_path: Path) -> None:
    options = ("--seeds", "1", "--commits", "3", "--json", tmp_path / "numbers.json")
    output = run("benchmarks.culprits.maps", "--project", shapes, "--cache", tmp_path / "cache", *options)
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    assert sorted(row["mode"] for row in numbers) == ["each", "map", "off", "wrong"], output
    assert all(row["right"] == row["tests"] > 0 for row in numbers), output


def test_engine(shapes: Path, tmp_path: Path) -> None:
    options = ("--project", shapes, "--cache", tmp_path / "cache", "--jobs", "2", "--plugins", "xdist.plugin")
    output = run("benchmarks.engine", "check", *options)
    assert output.count("equal") == 2
    output = run("benchmarks.engine", "time", *options, "--rounds", "1", "--json", tmp_path / "numbers.json")
    counts = {row["runner"]: row["counts"] for row in json.loads((tmp_path / "numbers.json").read_text())}
    assert counts["unittest"] == counts["pytest"] == counts["batchhook test"]
    assert counts["unittest"] == {"tests": 8, "failed": 0, "skipped": 0}, output


def test_pytest_engine(pytest_shapes: Path, tmp_path: Path) -> None:
    project = ("--project", pytest_shapes, "--cache", tmp_path / "cache", "--jobs", "2")
    options = ("--engine", "pytest", "--plugins", "xdist.plugin", *project)
    output = run("benchmarks.engine", "check", *options)
    assert output.count("equal") == 2, output
    output = run("benchmarks.engine", "time", *options, "--rounds", "1", "--json", tmp_path / "numbers.json")
    rows = json.loads((tmp_path / "numbers.json").read_text())
    assert [row["counts"] for row in rows] == [{"tests": 9, "failed": 0, "skipped": 1}] * 9, output
    assert "the fastest with the same counts" in output


def test_check_shows_each_difference(shapes: Path, tmp_path: Path) -> None:
    (shapes / "test_order.py").write_text(
        "import os, pytest\n\n\n"
        "def test_runner():\n    if 'PYTEST_ORACLE_FILE' in os.environ:\n        pytest.skip('a truth')\n"
    )
    options = (*WITH_PYTEST, "--project", shapes, "--cache", tmp_path / "cache", "--jobs", "1")
    output = run("benchmarks.engine", "check", *options, code=1)
    assert "test_order.py::test_runner: pytest skipped (a truth); batchhook passed" in output


def test_replayed_pytest_culprits(pytest_shapes: Path, tmp_path: Path) -> None:
    options = ("--seeds", "1", "--commits", "2", "--flaky", "0", "--json", tmp_path / "numbers.json")
    project = (*WITH_PYTEST, "--project", pytest_shapes, "--cache", tmp_path / "cache", "--replay")
    output = run("benchmarks.culprits.planted", *project, *options)
    (numbers,) = json.loads((tmp_path / "numbers.json").read_text())
    assert numbers["tally"]["tests"] == numbers["tally"]["right"] > 0, output
    assert numbers["rivals"]["right"] == numbers["rivals"]["bisected"] > 0, output


def test_history() -> None:
    output = run("benchmarks.history", "--batches", "8", "--few", "4", "--tests", "30", "--rounds", "1")
    assert "git commit, fills a batch" in output
    assert "analyze LATEST" in output


def test_slowdowns(shapes: Path, tmp_path: Path) -> None:
    options = ("--tests", "2", "--trials", "1", "--before", "2", "--share", "0.3", "--modes", "quiet")
    output = run("benchmarks.slowdowns", "--project", shapes, "--cache", tmp_path / "cache", *options)
    assert "shapes: 2 tests" in output
    assert "The goal is " in output


def test_prediction(pytest_shapes: Path, tmp_path: Path) -> None:
    """A mistake is planted, seen by the suite, and fixed; so short a history predicts nothing."""
    project = Repository(pytest_shapes)
    for number in range(8):
        project.write("shapes/plane.py", SHAPES.replace("height\n", f"height  # {number}\n"))
        project.git("commit", "--all", "--quiet", "-m", f"edit {number}")
    options = ("--cache", tmp_path / "cache", "--seed", "3", "--json", tmp_path / "numbers.json")
    output = run("benchmarks.prediction", pytest_shapes, *options)
    steps = json.loads((tmp_path / "cache/shapes/steps-3.json").read_text())
    assert len(steps) == 10
    broken = [step for step in steps if step["failing"]]
    assert broken, steps
    assert any(step["planted"] for step in steps)
    assert all(set(step["failing"]) <= set(step["affected"]) for step in broken if step["planted"])
    with_map, without = json.loads((tmp_path / "numbers.json").read_text())
    assert with_map["changes"] == without["changes"] == 10
    assert output.count("Not enough history to predict anything") == 2


def test_impact(pytest_shapes: Path, tmp_path: Path) -> None:
    options = ("--edits", "6", "--live", "1", "--rounds", "1", "--json", tmp_path / "numbers.json")
    project = (*WITH_PYTEST, "--project", pytest_shapes, "--cache", tmp_path / "cache")
    output = run("benchmarks.impact", *project, *options)
    (numbers,) = json.loads((tmp_path / "numbers.json").read_text())
    breaking = [edit for edit in numbers["edits"] if edit["broken"]]
    assert breaking, output
    assert not any(edit["batchhook"]["missed"] for edit in breaking), output
    assert [answer["right"] for answer in numbers["answers"]] == [True, True], output
    assert numbers["overhead"]["batchhook, recording"]


def test_serve() -> None:
    output = run("benchmarks.serve", "--batches", "8", "--few", "4", "--tests", "30", "--rounds", "1")
    assert "/batches/{latest}" in output
    assert "The aim: growth of at most 1.3" in output
