"""Files with tests that unittest's discovery passes over, compared with what unittest itself finds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings, strategies

from batchhook.core.undiscovered import Obstacle, find_undiscovered

TEST = "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n"


def find(files: list[str], start: str = ".", pattern: str = "test*.py") -> dict[tuple[Obstacle, str], list[str]]:
    groups = find_undiscovered(files, start, pattern, lambda _: True)
    return {(group.obstacle, group.folder): list(group.files) for group in groups}


def test_each_obstacle() -> None:
    files = [
        "tests/unit/test_a.py",
        "tests/unit/deep/test_b.py",
        "app/test/__init__.py",
        "app/__init__.py",
        "app/test/web_test.py",
        "app/test/models.py",
        "app/code.py",
        "test-c.py",
        "test_d.py",
    ]
    assert find(files) == {
        (Obstacle.NO_PACKAGE, "tests"): ["tests/unit/deep/test_b.py", "tests/unit/test_a.py"],
        (Obstacle.PATTERN, "app/test"): ["app/test/models.py", "app/test/web_test.py"],
        (Obstacle.NOT_A_MODULE, ""): ["test-c.py"],
    }
    assert find(files, "app") == {
        (Obstacle.OUTSIDE, ""): ["test-c.py", "test_d.py"],
        (Obstacle.OUTSIDE, "tests/unit"): ["tests/unit/test_a.py"],
        (Obstacle.OUTSIDE, "tests/unit/deep"): ["tests/unit/deep/test_b.py"],
        (Obstacle.PATTERN, "app/test"): ["app/test/models.py", "app/test/web_test.py"],
    }
    assert find(files, "./app/", "*.py").keys() == find(files, "app").keys() - {(Obstacle.PATTERN, "app/test")}


def test_files_without_tests_and_those_that_are_reached_are_not_named() -> None:
    assert not find_undiscovered(["tests/helpers.py", "tests/test_x.py"], ".", "test*.py", lambda _: False)
    assert not find(["tests/__init__.py", "tests/test_x.py", "tests/conftest.py"])


def test_descriptions_have_a_next_step() -> None:
    for group in find_undiscovered(["a/test_x.py", "x_test.py", "test-x.py"], ".", "test*.py", lambda _: True):
        detail, hint = group.describe(".", "test*.py")
        assert "1 file with tests" in detail
        assert hint


NAMES = strategies.lists(strategies.sampled_from(["tests", "a", "unit"]), max_size=3).map("/".join)
FILES = strategies.sampled_from(["test_a.py", "a_test.py", "__init__.py", "test-b.py", "tests.py"])
PATHS = strategies.tuples(NAMES, FILES).map("/".join).map(lambda path: path.removeprefix("/"))


def test_agrees_with_unittest(tmp_path: Path) -> None:
    counter = iter(range(1000))

    @settings(max_examples=12, deadline=None, derandomize=True)
    @given(files=strategies.sets(PATHS, min_size=1, max_size=7))
    def check(files: set[str]) -> None:
        top = tmp_path / str(next(counter))
        for path in files:
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text("" if path.endswith("__init__.py") else TEST)
        program = (
            "import unittest\n"
            "def walk(suite):\n"
            "    for each in suite:\n"
            "        yield from (walk(each) if hasattr(each, '__iter__') else [each])\n"
            "for each in walk(unittest.TestLoader().discover('.')): print(each.__module__.replace('.', '/') + '.py')\n"
        )
        done = subprocess.run([sys.executable, "-c", program], cwd=top, capture_output=True, text=True, check=True)
        tests = {path for path in files if not path.endswith("__init__.py")}
        missed = {path for group in find(sorted(files)).values() for path in group}
        assert tests - missed == set(done.stdout.split())

    check()
