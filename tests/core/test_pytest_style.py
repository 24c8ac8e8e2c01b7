"""Tests that only pytest runs, counted in the source, compared with what pytest itself collects."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping

import pytest

from batchhook.core.pytest_config import PytestConfig
from batchhook.core.pytest_style import PytestStyle, find_pytest_style, is_own_file

UNITTEST = "import unittest\n\n\nclass TestA(unittest.TestCase):\n    def test_a(self):\n        pass\n"


def style_of(files: Mapping[str, str | bytes], config: PytestConfig | None = None) -> PytestStyle:
    def read(path: str) -> bytes:
        content = files[path]
        return content if isinstance(content, bytes) else content.encode()

    return find_pytest_style(files, config or PytestConfig(), read)


def count(text: str | bytes) -> int:
    return sum(style_of({"tests/test_x.py": text}).tests.values())


COLLECTED = {
    "function": "def test_a(): pass\n",
    "async": "async def test_a(): pass\n",
    "fixture": "def test_a(tmp_path, value=1): pass\n",
    "decorated": "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n",
    "class": "class TestA:\n    def test_a(self): pass\n    def test_b(self): pass\n    def helper(self): pass\n",
    "static": "class TestA:\n    @staticmethod\n    def test_a(): pass\n",
    "inherited": "class Base:\n    pass\nclass TestA(Base):\n    def test_a(self): pass\n",
    "condition": "import sys\nif sys.version_info > (3,):\n    def test_a(): pass\nelse:\n    def test_a(): pass\n",
    "try": "try:\n    import json\n    def test_a(): pass\nexcept ImportError:\n    pass\n",
    "again": "def test_a(): pass\ndef test_a(): pass\n",
    "by hand": "def test_a(): pass\nif __name__ == '__main__':\n    test_a()\n",
    "calls": "def test_a(): pass\ndef test_b(): test_a()\n",
    "bom": "\N{ZERO WIDTH NO-BREAK SPACE}def test_a(): pass\n",
    "generic": "from typing import Generic, TypeVar\nT = TypeVar('T')\n"
    "class TestA(Generic[T]):\n    def test_a(self): pass\n",
    "mixed": UNITTEST + "def test_b(): pass\n",
}
NOT_COLLECTED = {
    "TestCase": UNITTEST,
    "async TestCase": "from unittest import IsolatedAsyncioTestCase as Base\n"
    "class TestA(Base):\n    def test_a(self): pass\n",
    "string": 'TEXT = """\ndef test_a(): pass\nclass TestB:\n    def test_b(self): pass\n"""\n',
    "comment": "# def test_a(): pass\n",
    "nested": "def outer():\n    def test_a(): pass\n",
    "constructor": "class TestA:\n    def __init__(self): pass\n    def test_a(self): pass\n",
    "marked": "class TestA:\n    __test__ = False\n    def test_a(self): pass\n",
    "fixture": "import pytest\n@pytest.fixture\ndef test_data(): return 1\n",
    "other name": "def check_a(): pass\nclass SuiteA:\n    def test_a(self): pass\n",
    "empty class": "class TestA:\n    pass\n",
}
TEXTS = {f"collected: {name}": text for name, text in COLLECTED.items()} | {
    f"not collected: {name}": text for name, text in NOT_COLLECTED.items()
}
UNITTEST_HELPERS = {
    "suite": "import unittest\ndef test_suite():\n    return unittest.TestSuite()\n",
    "main": "from test.support import run_unittest\ndef test_main():\n    run_unittest()\n",
    "called": UNITTEST.replace("pass", "test_pair(1, 2)") + "def test_pair(a, b):\n    assert a < b\n",
    "mixin": "import unittest\nclass TestMixin:\n    def test_a(self): self.assertTrue(1)\n"
    "class A(TestMixin, unittest.TestCase): pass\n",
    "mixin without assertions": "import unittest\nclass TestMixin:\n    def test_a(self): pass\n"
    "class A(TestMixin, unittest.TestCase): pass\n",
    "mixin from elsewhere": "class TestMixin:\n    def test_a(self): self.assertEqual(1, 1)\n",
    "unknown base": "from somewhere import Base\nclass TestA(Base):\n    def test_a(self): assert True\n",
    "TestCase of a framework": "from django.test import SimpleTestCase\nclass TestA(SimpleTestCase):\n"
    "    def test_a(self): pass\n",
}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The items that pytest lists for a folder with a module of each text."""
    top = tmp_path_factory.mktemp("style")
    for number, text in enumerate(TEXTS.values()):
        (top / f"test_{number}.py").write_text(text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", "--rootdir", "."]
    return subprocess.run([*command, "-c", "/dev/null"], cwd=top, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("name", TEXTS)
def test_as_pytest_counts(name: str, collected: str) -> None:
    number, text = list(TEXTS).index(name), TEXTS[name]
    names = re.findall(rf"^test_{number}\.py::(\S+)", collected, re.MULTILINE)
    unittests = [each for each in names if each == "TestA::test_a"] if "TestCase" in text else []
    assert count(text) == len(names) - len(unittests), collected


@pytest.mark.parametrize("text", UNITTEST_HELPERS.values(), ids=UNITTEST_HELPERS)
def test_what_belongs_to_unittest_is_left_to_it(text: str) -> None:
    assert count(text) == 0


def test_bases_and_mixins_in_other_files() -> None:
    files = {
        "tests/__init__.py": "",
        "tests/base.py": "import unittest\nclass Common(unittest.TestCase): pass\nclass Plain: pass\n",
        "tests/test_a.py": "from .base import Common\nclass TestA(Common):\n    def test_a(self): assert True\n",
        "tests/test_b.py": "from .base import Plain\nclass TestB(Plain):\n    def test_b(self): assert True\n",
        "tests/test_c.py": "class TestShared:\n    def test_c(self): assert True\n",
        "tests/test_d.py": "from .base import Common\nfrom .test_c import TestShared\n"
        "class D(TestShared, Common): pass\n",
    }
    assert style_of(files).tests == {"tests/test_b.py": 1}


def test_an_unknown_base_with_fixtures_or_marks_is_no_test_case() -> None:
    assert count("from x import Base\nclass TestA(Base):\n    def test_a(self, tmp_path): pass\n") == 1
    assert count("from x import Base\nclass TestA(Base):\n    @pytest.mark.slow\n    def test_a(self): pass\n") == 1


def test_files_that_this_python_cannot_parse() -> None:
    assert count("def test_a():\n    print 'Python 2'\n") == 1
    assert count("def test_a(x: 'list[int'): pass\ndef broken(:\n") == 1
    assert count(b"# coding: latin-1\ndef test_a():\n    return '\xe9'\n") == 1
    assert count(b"\0\xff") == 0
    assert count("x = " + "(" * 5000 + "\ndef test_a(): pass\n") == 1


def test_a_file_with_a_bad_escape_prints_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    assert count("def test_a():\n    return '\\d'\n") == 1
    assert not recwarn.list


def test_names_of_the_configuration() -> None:
    config = PytestConfig(python_files=("check_*.py",), python_classes=("*Spec",), python_functions=("it_*",))
    files = {
        "check_a.py": "def it_works(): pass\ndef test_a(): pass\nclass MoneySpec:\n    def it_adds(self): pass\n",
        "test_a.py": "def it_works(): pass\n",
    }
    assert style_of(files, config).tests == {"check_a.py": 2}


def test_fixtures_and_marks() -> None:
    files = {
        "test_a.py": "import pytest\n@pytest.fixture(autouse=True)\ndef data(): pass\n",
        "test_b.py": UNITTEST.replace("class", "import pytest\n@pytest.mark.usefixtures('data')\nclass"),
        "test_c.py": "import pytest\n" + UNITTEST.replace("    def", "    @pytest.mark.skip\n    def"),
        "test_d.py": UNITTEST + "TEXT = '@pytest.fixture'\n",
    }
    style = style_of(files)
    assert style.fixtures == ("test_a.py", "test_b.py")
    assert not style.tests


@pytest.mark.parametrize(
    ("path", "is_own"),
    [
        ("tests/test_a.py", True),
        ("data/tests/test_a.py", True),
        ("tests/data/conftest.py", False),
        ("app/tests/fixtures/deep/test_a.py", False),
        ("node_modules/x/conftest.py", False),
        ("lib/python3/site-packages/x/test_a.py", False),
        (".tox/test_a.py", False),
        ("conftest.py", True),
    ],
)
def test_the_projects_own_files(path: str, *, is_own: bool) -> None:
    assert is_own_file(path) == is_own
