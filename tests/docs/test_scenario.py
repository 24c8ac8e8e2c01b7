"""The example of docs/origin.md: ten fixes, run as printed, in a git repository and in a plain folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.driving import Repository

PAGE = (Path(__file__).parents[2] / "docs/origin.md").read_text("utf-8")
FILES = (
    "orchestrator.py",
    "extraction/pipeline.py",
    "validators/convergence.py",
    "infrastructure/retry.py",
    "orchestration/choreographer.py",
)
MORE = ("reports/summary.py", "reports/charts.py", "storage/cache.py", "storage/index.py")
STAGES = "stage_execution"
CODE = "def value():\n    return 1\n"
FIXED = "# fixed\n" + CODE
BROKEN = FIXED.replace("return 1", "return 2")


def _module(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def _tests() -> str:
    """Return a module with one test for each file; the orchestrator's is the one that the old document names."""
    methods = "".join(
        f"    def test_{STAGES if file == FILES[0] else _module(file).replace('.', '_')}(self):\n"
        f"        from {_module(file)} import value\n"
        "        self.assertEqual(value(), 1)\n\n"
        for file in FILES + MORE
    )
    return f"import unittest\n\n\nclass TestOrchestrator(unittest.TestCase):\n{methods}"


def _lay_out(folder: Repository) -> None:
    for file in FILES + MORE:
        folder.write(file, CODE)
        package = (folder.top / file).parent
        if package != folder.top:
            folder.write(f"{package.name}/__init__.py", "")
    folder.write("test_orchestration.py", _tests())


@pytest.fixture(params=["git repository", "folder without git"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """The project, before anything is fixed."""
    folder = Repository(tmp_path / "project")
    folder.top.mkdir()
    _lay_out(folder)
    if request.param == "git repository":
        folder.git("init", "--quiet")
        folder.git("add", "--all")
        folder.git("commit", "--quiet", "-m", "first")
        folder.batchhook("install")
    else:
        folder.batchhook("record", "--yes")
    return folder


def _run(place: Repository, line: str, *, code: int = 0, stdin: str = "") -> str:
    """Run a command of the page and return its output."""
    name, *words = shlex.split(line)
    assert name == "batchhook"
    return place.batchhook(*words, code=code, stdin=stdin)


def test_the_example_works_word_for_word(place: Repository) -> None:
    block = re.search(r"```sh\n(.*?)```", PAGE[PAGE.index("## The example") :], re.DOTALL)
    assert block is not None
    first, *rest = [line for line in block[1].splitlines() if line.startswith("batchhook")]
    edits, (analyze, rollback, again) = [first, *rest[:4]], rest[4:]

    place.write(FILES[0], BROKEN)
    assert "batch 1, 1/5" in _run(place, edits[0])
    for number, (line, file) in enumerate(zip(edits[1:4], FILES[1:4], strict=True), start=2):
        place.write(file, FIXED)
        assert f"batch 1, {number}/5" in _run(place, line)
    place.write(FILES[4], FIXED)
    output = _run(place, edits[4], code=1)
    assert "batch 1 is full (5/5)" in output
    assert "batch 1 failed: CRITICAL, 1 of 9 tests (11%)" in output

    output = _run(place, analyze, code=1)
    assert "Fixed stage retry logic  broke 1 test" in " ".join(output.split()).replace(" broke", "  broke")
    assert f"test_orchestration.TestOrchestrator.test_{STAGES}" in output

    output = _run(place, rollback, stdin="y\n")
    assert "Done: 5 files (operation " in output
    assert [place.read(file) for file in FILES] == [CODE] * 5

    place.write(FILES[0], FIXED)
    output = _run(place, again)
    assert "batch 2 is full (1/1)" in output
    assert "batch 2 passed: 9 tests" in output

    for number, file in enumerate([*FILES[1:], *MORE], start=1):
        place.write(file, FIXED)
        output = place.batchhook("record", file, "-d", f"fix {file}")
        assert (f"batch 3, {number}/5" if number < 5 else "batch 3 passed" if number == 5 else "batch 4, ") in output
    assert [entry["verdict"] for entry in place.json("log")["batches"]] == [None, "passed", "passed", "critical"]
    assert place.open()[0] == 4
    assert len(place.open()[1]) == 3
