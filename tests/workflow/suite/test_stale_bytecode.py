"""Compiled files of another commit must not decide an outcome: under PYTHONPYCACHEPREFIX they outlive each checkout.

Python takes them for current by size and second (python/cpython#136224), so each command here sets the same second.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from batchhook.workflow.suite.environment import checkout_environment
from tests.driving import Repository

TEST = """\
import unittest, conf


class ConfTest(unittest.TestCase):
    def test_value(self):
        self.assertEqual(conf.VALUE, 1)
"""
SAME_SECOND = "touch -d @1700000000 conf.py"


@pytest.fixture(autouse=True)
def _prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "bytecode"))


def commit_values(repository: Repository, *values: int) -> list[str]:
    """Commit values of equal length, and return the oids."""
    oids = []
    for number, value in enumerate(values):
        repository.commit(f"value {value}", conf__py=f"VALUE = {value}\n", number__txt=str(number))
        oids.append(repository.head())
    return oids


def test_no_compiled_file_lies_outside_a_checkout() -> None:
    environment = checkout_environment({"PYTHONPYCACHEPREFIX": "/elsewhere", "HOME": "/home/ada"})
    assert "PYTHONPYCACHEPREFIX" not in environment
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert environment["HOME"] == "/home/ada"


def test_bisect_with_a_command(repository: Repository) -> None:
    good, *_, culprit, _, bad = commit_values(repository, 1, 1, 1, 2, 2, 2)
    command = f"{SAME_SECOND} && python3 -c 'import conf; assert conf.VALUE == 1'"
    output = repository.batchhook("bisect", "--exec", command, good, bad)
    assert output.startswith(culprit[:8]), output


def test_setup(repository: Repository) -> None:
    setup = f"""sh -c '{SAME_SECOND} && python3 -c "import conf"'"""
    repository.write(".batchhook.toml", f"setup = '''{setup}'''\n")
    repository.commit("tests", test_conf__py=TEST, conf__py="VALUE = 1\n")
    good, *_, culprit, _ = commit_values(repository, 1, 1, 2, 2)
    report = repository.json("wait", "1", "--timeout", "90", code=1)
    (failure,) = report["failures"]
    assert failure["attribution"]["change"] == culprit
    repository.git("checkout", "--quiet", "--detach", good)
    repository.batchhook("test", "--fresh")
