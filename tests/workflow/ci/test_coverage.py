"""Coverage of a CI run: files for other programs, annotations, and outputs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.driving import CALCULATOR, TESTS, Repository
from tests.workflow.ci.conftest import clone

UNTESTED = "\n\ndef divide(a, b):\n    return a / b\n"


@pytest.fixture
def checkout(bare_repository: Repository) -> Repository:
    """A clone whose last commit has a function that no test runs."""
    configuration = f'[tool.batchhook]\ncoverage = true\npython = "{sys.executable}"\n'
    bare_repository.commit("first", calculator__py=CALCULATOR, test_calculator__py=TESTS, pyproject__toml=configuration)
    bare_repository.commit("Divide", calculator__py=CALCULATOR + UNTESTED)
    return clone(bare_repository)


def test_a_range_annotates_the_lines_that_no_test_runs(
    checkout: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    log = checkout.batchhook("ci", "--range", "HEAD~1..HEAD")
    head = checkout.head()[:8]
    assert f"::notice file=calculator.py,line=10,endLine=10,title=Run by no test::Changed by {head} Divide\n" in log
    assert "· 1 of 2 changed lines is run by no test:" in log
    outputs = (tmp_path / "outputs").read_text().splitlines()
    assert {"coverage=92.3", "uncovered_changed_lines=1"} <= set(outputs)
    reports = checkout.top / "test_batch_logs"
    assert "- `calculator.py:10` of" in (reports / "summary.md").read_text()
    (issue,) = json.loads((reports / "gl-code-quality-report.json").read_text())
    assert (issue["severity"], issue["location"]["lines"]["begin"]) == ("info", 10)


@pytest.mark.parametrize("options", [(), ("--range", "HEAD~1..HEAD")], ids=["checkout", "range"])
def test_files_for_other_programs_name_the_files_of_the_checkout(
    checkout: Repository, options: tuple[str, ...]
) -> None:
    document = checkout.json("ci", *options)
    reports = checkout.top / "test_batch_logs"
    tree = ET.parse(reports / "coverage.xml")
    assert tree.findtext("sources/source") == str(checkout.top)
    assert {each.get("filename") for each in tree.iter("class")} == {"calculator.py", "test_calculator.py"}
    assert int(tree.getroot().get("lines-covered", "0")) == document["coverage"]["totals"]["covered_lines"]
    assert "SF:calculator.py\n" in (reports / "coverage.info").read_text()
    assert (document["coverage"]["diff"] is None) is (not options)
    assert not list(checkout.top.glob(".coverage*"))
    checkout.batchhook("ci", "--no-coverage")
    assert not list(reports.glob("coverage*"))
