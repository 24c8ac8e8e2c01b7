"""The choice of the test framework, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from batchhook.core.engine_choice import EngineChoice, choose_engine
from batchhook.core.settings import EngineName

UNITTEST = "import unittest\n\n\nclass TestA(unittest.TestCase):\n    def test_a(self):\n        pass\n"
PLAIN = {"app.py": "def test_connection(): pass\n", "tests/__init__.py": "", "tests/test_a.py": UNITTEST}


def choice_of(
    files: Mapping[str, str], pytest_version: str = "9.2.0", configured: EngineName = EngineName.AUTO
) -> EngineChoice:
    return choose_engine(configured, files, lambda path: files[path].encode(), pytest_version)


@pytest.mark.parametrize(
    ("files", "reasons"),
    [
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, ("pyproject.toml has [tool.pytest.ini_options]",)),
        ({"tests/conftest.py": ""}, ("tests/conftest.py",)),
        ({"tests/conftest.py": "", "conftest.py": "", "pytest.ini": ""}, ("pytest.ini", "conftest.py")),
        ({"tests/test_b.py": "def test_b(): pass\n"}, ("pytest-style tests in tests/test_b.py",)),
        (
            {"tests/test_b.py": "from pytest import fixture\n@fixture\ndef data(): pass\n"},
            ("fixtures of pytest in tests/test_b.py",),
        ),
    ],
)
def test_a_project_that_speaks_of_pytest(files: dict[str, str], reasons: tuple[str, ...]) -> None:
    files = PLAIN | files
    assert choice_of(files) == EngineChoice(EngineName.PYTEST, reasons)
    assert choice_of(files, "") == EngineChoice(EngineName.UNITTEST, reasons, is_pytest_missing=True)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"tests/data/conftest.py": ""},
        {"node_modules/x/conftest.py": "", "node_modules/x/test_x.py": "def test_x(): pass\n"},
        {"tests/test_b.py": "import pytest\n" + UNITTEST.replace("    def", "    @pytest.mark.skip\n    def")},
        {"tests/test_b.py": '"""\ndef test_b(): pass\n"""\n'},
        {"pyproject.toml": "[project.optional-dependencies]\ntest = ['pytest']\n"},
        {"tests/test_b.py": "def test_suite():\n    return unittest.TestSuite()\n"},
    ],
)
def test_a_project_for_unittest(files: dict[str, str]) -> None:
    choice = choice_of(PLAIN | files)
    assert choice.engine is EngineName.UNITTEST
    assert not choice.is_pytest_missing


def test_the_setting_decides() -> None:
    files = {**PLAIN, "pytest.ini": ""}
    assert choice_of(files, configured=EngineName.UNITTEST).engine is EngineName.UNITTEST
    assert choice_of(PLAIN, configured=EngineName.PYTEST).engine is EngineName.PYTEST
    assert choice_of(PLAIN, "", EngineName.PYTEST).is_pytest_missing
    assert choice_of(PLAIN, "", EngineName.PYTEST).reasons == ('engine = "pytest"',)
