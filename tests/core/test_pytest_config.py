"""Where a project configures pytest, and which files pytest then looks into."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from batchhook.core.pytest_config import PytestConfig, read_config


def config_of(files: Mapping[str, str]) -> PytestConfig:
    return read_config(files, lambda path: files[path].encode())


@pytest.mark.parametrize(
    ("name", "text", "source"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\n", "pyproject.toml has [tool.pytest.ini_options]"),
        ("pyproject.toml", "[tool.pytest]\nstrict = true\n", "pyproject.toml has [tool.pytest]"),
        ("pyproject.toml", "# [tool.pytest.ini_options]\n[tool.pytest-asyncio]\n", ""),
        ("pyproject.toml", 'text = "[tool.pytest]"\n', ""),
        ("pyproject.toml", "[tool.pytest\n", ""),
        ("pytest.toml", "", "pytest.toml"),
        (".pytest.toml", "[pytest]\n", ".pytest.toml"),
        ("pytest.ini", "", "pytest.ini"),
        (".pytest.ini", "[pytest]\n", ".pytest.ini"),
        ("tox.ini", "[tox]\n[pytest]\naddopts = -ra\n", "tox.ini has [pytest]"),
        ("tox.ini", "[testenv]\ncommands = pytest\n", ""),
        ("tox.ini", "[tox]\n  odd\n = 1\n[pytest]\n", "tox.ini has [pytest]"),
        ("setup.cfg", "\N{ZERO WIDTH NO-BREAK SPACE}[tool:pytest]\n", "setup.cfg has [tool:pytest]"),
        ("setup.cfg", "[pytest]\n", ""),
        ("docs/pytest.ini", "", ""),
    ],
)
def test_where_it_is(name: str, text: str, source: str) -> None:
    assert config_of({name: text}).source == source


def test_the_first_file_counts() -> None:
    files = {"setup.cfg": "[tool:pytest]\n", "tox.ini": "[pytest]\n", "pyproject.toml": "[tool.black]\n"}
    assert config_of(files).source == "tox.ini has [pytest]"


@pytest.mark.parametrize(
    "files",
    [
        {
            "pytest.ini": "[pytest]\npython_files = check_*.py\npython_functions = it_* check\n"
            "testpaths =\n    a/\n    b\n"
        },
        {
            "pyproject.toml": "[tool.pytest]\n"
            'python_files = ["check_*.py"]\npython_functions = ["it_*", "check"]\ntestpaths = ["./a", "b"]\n'
        },
        {
            "pyproject.toml": "[tool.pytest.ini_options]\n"
            'python_files = "check_*.py"\npython_functions = "it_* check"\ntestpaths = "a b"\n'
        },
    ],
)
def test_options(files: dict[str, str]) -> None:
    config = config_of(files)
    assert config.python_files == ("check_*.py",)
    assert config.python_functions == ("it_*", "check")
    assert config.testpaths == ("a", "b")
    assert config.python_classes == ("Test",)


@pytest.mark.parametrize(
    ("path", "is_collected"),
    [
        ("test_a.py", True),
        ("deep/down/a_test.py", True),
        ("tests.py", False),
        ("tests/helper.py", False),
        ("node_modules/x/test_a.py", False),
        (".venv/lib/test_a.py", False),
        ("build/lib/test_a.py", False),
    ],
)
def test_default_files(path: str, *, is_collected: bool) -> None:
    assert PytestConfig().collects(path) == is_collected


def test_patterns_and_paths() -> None:
    config = PytestConfig(python_files=("unit/*.py", "check.py"), testpaths=("packages/*/tests", "check.py"))
    assert config.collects("packages/a/tests/unit/x.py")
    assert config.collects("check.py")
    assert not config.collects("packages/a/unit/x.py")
    assert not config.collects("packages/a/tests/other.py")
