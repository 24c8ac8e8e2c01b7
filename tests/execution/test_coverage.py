"""Coverage of a run is that of ``coverage run`` on the same files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batchhook.core.coverage.model import SuiteCoverage
from batchhook.core.results import Outcome, SuiteResult
from batchhook.engines.engine import HarnessEngine
from batchhook.engines.pytest.engine import PytestEngine
from batchhook.engines.unittest.engine import UnittestEngine
from batchhook.execution.coverage_report import report_coverage
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec
from batchhook.workflow.coverage.measure import with_coverage

CODE = """\
def grade(points):
    if points > 90:
        return "a"
    for step in range(3):
        if step == points:
            break
    else:
        return "c"
    return "b"


def unused():
    return 1
"""
TESTS = """\
import time
import unittest


class GradeTest(unittest.TestCase):
    def test_good(self):
        from pkg.grades import grade
        self.assertEqual(grade(95), "a")


class OtherTest(unittest.TestCase):
    def test_other(self):
        from pkg.grades import grade
        time.sleep(0.2)
        self.assertEqual(grade(40), "c")
"""
CONFIGURATION = """\
[run]
source = pkg
branch = {}
omit = */skipped.py
[report]
exclude_lines = def unused
"""
IN_PROCESS = """\
import multiprocessing
from pkg.grades import unused


def test_in_process():
    process = multiprocessing.Process(target=unused)
    process.start()
    process.join()
    assert not process.exitcode
"""


@dataclass
class Measured:
    """A checkout with tests, measured by batchhook and by coverage itself."""

    root: Path
    scratch: Path

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, engine: HarnessEngine, jobs: int = 1, **variables: str) -> tuple[SuiteResult, SuiteCoverage]:
        spec = SuiteSpec(
            Path(sys.executable),
            self.root,
            {**os.environ, **variables},
            self.scratch,
            engine,
            test_timeout=20,
            jobs=jobs,
        )
        spec = with_coverage(spec)
        result = run_suite(spec)
        coverage = report_coverage(spec, with_exports=True)
        assert coverage is not None
        assert not list(self.root.glob(".coverage*[!rc]"))
        return result, coverage

    def expected(self, *command: str) -> dict[str, Any]:
        data = self.scratch / "expected"
        options = ["--data-file", str(data)]
        base = [sys.executable, "-B", "-m", "coverage"]
        subprocess.run([*base, "run", *options, *command], cwd=self.root, capture_output=True, check=False)
        document = self.scratch / "expected.json"
        subprocess.run([*base, "json", "-q", *options, "-o", str(document)], cwd=self.root, check=True)
        loaded: dict[str, Any] = json.loads(document.read_text())
        return loaded


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    checkout = Measured(tmp_path / "root", tmp_path / "scratch")
    checkout.root.mkdir()
    checkout.scratch.mkdir()
    checkout.write(**{"pkg/__init__.py": "", "pkg/grades.py": CODE, "tests/__init__.py": "", "tests/test_a.py": TESTS})
    return checkout


def check(coverage: SuiteCoverage, expected: dict[str, Any]) -> None:
    """Compare everything that is counted."""
    totals = expected["totals"]
    assert coverage.problem == ""
    assert {file.path: (sorted(file.covered), sorted(file.missing)) for file in coverage.files} == {
        path: (file["executed_lines"], file["missing_lines"]) for path, file in expected["files"].items()
    }
    assert (coverage.totals.lines, coverage.totals.covered_lines) == (totals["num_statements"], totals["covered_lines"])
    if "num_branches" in totals:
        assert coverage.totals.branches == totals["num_branches"]
        assert coverage.totals.covered_branches == totals["covered_branches"]
    assert {file.path: sorted(map(list, file.missing_branches)) for file in coverage.files} == {
        path: file.get("missing_branches", []) for path, file in expected["files"].items()
    }


ENGINES = [(UnittestEngine(), "unittest"), (PytestEngine(), "pytest")]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(("engine", "module"), ENGINES, ids=["unittest", "pytest"])
def test_figures_are_those_of_coverage(measured: Measured, engine: HarnessEngine, module: str, jobs: int) -> None:
    result, coverage = measured.run(engine, jobs)
    assert result.totals.passed == 2
    check(coverage, measured.expected("--branch", "-m", module))
    assert coverage.totals.branches
    assert f"<source>{measured.root}</source>" in coverage.exports["coverage.xml"]
    assert "SF:pkg/grades.py\n" in coverage.exports["coverage.info"]


@pytest.mark.parametrize("branch", ["true", "false"])
def test_the_configuration_of_the_project_holds(measured: Measured, branch: str) -> None:
    measured.write(**{".coveragerc": CONFIGURATION.format(branch)})
    measured.write(**{"pkg/skipped.py": "x = 1\n", "pkg/never_imported.py": "y = 1\nz = 2\n"})
    _, coverage = measured.run(PytestEngine(), 2)
    check(coverage, measured.expected("-m", "pytest"))
    assert [file.path for file in coverage.files] == ["pkg/__init__.py", "pkg/grades.py", "pkg/never_imported.py"]
    assert bool(coverage.totals.branches) is (branch == "true")


def test_a_branch_in_the_section_of_another_tool_decides_nothing(measured: Measured) -> None:
    measured.write(**{"pyproject.toml": '[tool.coverage.run]\nsource = ["pkg"]\n[tool.release]\nbranch = "main"\n'})
    _, coverage = measured.run(UnittestEngine())
    assert coverage.totals.branches


@pytest.mark.parametrize("engine", [UnittestEngine(), PytestEngine()], ids=["unittest", "pytest"])
def test_a_test_that_kills_its_process_keeps_what_ran_before(measured: Measured, engine: HarnessEngine) -> None:
    killer = (
        "import os\nimport unittest\nclass Z(unittest.TestCase):\n    def test_kill(self): os.kill(os.getpid(), 9)\n"
    )
    measured.write(**{"tests/test_z.py": killer})
    result, coverage = measured.run(engine)
    assert [test.outcome for test in result.results] == [Outcome.PASSED, Outcome.PASSED, Outcome.CRASHED]
    (grades,) = (file for file in coverage.files if file.path == "pkg/grades.py")
    assert 3 in grades.covered


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are listed on Linux only")
@pytest.mark.parametrize("engine", [UnittestEngine(), PytestEngine()], ids=["unittest", "pytest"])
def test_no_file_stays_open_between_tests(measured: Measured, engine: HarnessEngine) -> None:
    lists_files = (
        "import os\nimport unittest\n\nclass FilesTest(unittest.TestCase):\n    def list_files(self):\n"
        "        for name in os.listdir('/proc/self/fd'):\n            path = f'/proc/self/fd/{name}'\n"
        "            if os.path.lexists(path):\n                self.assertNotIn('/coverage', os.readlink(path))\n"
        "    def test_a(self): self.list_files()\n    def test_b(self): self.list_files()\n"
    )
    measured.write(**{"tests/test_files.py": lists_files})
    result, _ = measured.run(engine)
    assert result.totals.passed == 4


def test_reruns_are_not_measured(measured: Measured) -> None:
    """A test that runs other code when it runs alone."""
    test = (
        "import os\nfrom pkg.grades import unused\nFIRST = not os.path.exists(os.environ['MARK'])\n"
        "def test_x():\n    if os.path.exists(os.environ['MARK']):\n        unused()\n        return\n"
        "    open(os.environ['MARK'], 'w').close()\n    assert False\n"
    )
    measured.write(**{"tests/test_rerun.py": test})
    result, coverage = measured.run(PytestEngine(), 2, MARK=str(measured.scratch / "mark"))
    assert result.totals.passed == 3
    (grades,) = (file for file in coverage.files if file.path == "pkg/grades.py")
    assert 13 in grades.missing


def test_subprocesses_are_measured_if_the_configuration_has_it(measured: Measured) -> None:
    measured.write(
        **{".coveragerc": "[run]\nsource = pkg\nconcurrency = multiprocessing\nparallel = true\nsigterm = true\n"}
    )
    measured.write(**{"tests/test_p.py": IN_PROCESS})
    result, coverage = measured.run(PytestEngine(), 1)
    assert result.totals.passed == 3
    (grades,) = (file for file in coverage.files if file.path == "pkg/grades.py")
    assert 13 in grades.covered


def test_without_coverage_the_run_goes_on_and_says_how_to_get_it(
    measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "shim"
    shim.mkdir()
    (shim / "sitecustomize.py").write_text(
        "import sys\nclass Finder:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'coverage':\n            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    monkeypatch.setattr("batchhook.execution.coverage_report.install_command", lambda _, name: f"install {name}")
    result, coverage = measured.run(UnittestEngine(), PYTHONPATH=str(shim))
    assert result.totals.passed == 2
    assert (coverage.is_measured, coverage.hint) == (False, "install coverage")
    assert coverage.problem == "Coverage was not measured, since the project's Python has no coverage"


def test_a_module_coverage_of_the_project_stays_its_own(measured: Measured) -> None:
    measured.write(**{"coverage.py": "own = True\n"})
    measured.write(**{"tests/test_own.py": "import coverage\ndef test_own(): assert coverage.own\n"})
    result, coverage = measured.run(PytestEngine())
    assert result.totals.passed == 3
    assert "module coverage of its own" in coverage.problem


def test_a_wrong_configuration_changes_no_outcome(measured: Measured) -> None:
    measured.write(**{".coveragerc": "[run]\nbranch = perhaps\n"})
    result, coverage = measured.run(UnittestEngine())
    assert result.totals.passed == 2
    assert coverage.problem.startswith("Coverage has reported nothing: ConfigError")
