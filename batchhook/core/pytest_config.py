"""Configuration of pytest in a project's files, as far as it decides which files hold tests. Pure."""

from __future__ import annotations

import configparser
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Reader = Callable[[str], bytes]
"""Returns the content of a project's file, by its path below the top; empty if it cannot be read."""

_NO_RECURSION = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
_FILES = (
    ("pytest.toml", "pytest"),
    (".pytest.toml", "pytest"),
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", "tool.pytest"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
"""Files that may configure pytest and their sections, in pytest's own order: the first that does so is the only one."""


@dataclass(frozen=True, slots=True)
class PytestConfig:
    """pytest's configuration; the defaults are pytest's.

    Attributes:
        source: where it is, as a phrase; empty if the project does not configure pytest.
        python_files: patterns of the names of test files.
        python_classes, python_functions: beginnings, or patterns, of the names of test classes and functions.
        testpaths: files and folders that hold the tests, relative to the top; empty for all.
        norecursedirs: patterns of folders without tests.
    """

    source: str = ""
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    python_classes: tuple[str, ...] = ("Test",)
    python_functions: tuple[str, ...] = ("test",)
    testpaths: tuple[str, ...] = ()
    norecursedirs: tuple[str, ...] = _NO_RECURSION

    def collects(self, path: str) -> bool:
        """Return whether pytest looks for tests in a file, by its path below the top."""
        *folders, name = path.split("/")
        if not any(fnmatchcase(path if "/" in each else name, _anywhere(each)) for each in self.python_files):
            return False
        if any(fnmatchcase(folder, pattern) for folder in folders for pattern in self.norecursedirs):
            return False
        parts = [path, *("/".join(folders[:length]) for length in range(len(folders), 0, -1))]
        return not self.testpaths or any(fnmatchcase(part, each) for part in parts for each in self.testpaths)


def matches_name(name: str, beginnings: Iterable[str]) -> bool:
    """Return whether a class's or a function's name is that of a test: it begins so, or matches a pattern."""
    return any(name.startswith(each) or ("*" in each and fnmatchcase(name, each)) for each in beginnings)


def read_config(files: Iterable[str], read: Reader) -> PytestConfig:
    """Return the pytest configuration at the top of a project.

    Args:
        files: paths of the project's files.
        read: returns their content.
    """
    present = frozenset(files)
    for name, section in _FILES:
        if name in present:
            text = read(name).decode("utf-8-sig", "replace")
            config = _from_toml(name, section, text) if name.endswith(".toml") else _from_ini(name, section, text)
            if config is not None:
                return config
    return PytestConfig()


def _from_toml(name: str, section: str, text: str) -> PytestConfig | None:
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        table = {}
    for part in section.split("."):
        table = table.get(part) if isinstance(table, dict) else None
    if name != "pyproject.toml":  # such a file is there for pytest alone, even if it is empty
        return _config(name, table if isinstance(table, dict) else {})
    if not isinstance(table, dict):
        return None
    options = table.get("ini_options")
    if isinstance(options, dict):
        return _config(f"{name} has [{section}.ini_options]", options)
    return _config(f"{name} has [{section}]", table)


def _from_ini(name: str, section: str, text: str) -> PytestConfig | None:
    is_own = name in {"pytest.ini", ".pytest.ini"}
    source = name if is_own else f"{name} has [{section}]"
    if not is_own and not re.search(rf"^\[{re.escape(section)}\]", text, re.MULTILINE):
        return None
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        parser.read_string(text)
        options: Mapping[str, Any] = dict(parser[section]) if parser.has_section(section) else {}
    except configparser.Error:  # pytest's own parser is another; what matters most is that the section is there
        options = {}
    return _config(source, options)


def _config(source: str, options: Mapping[str, Any]) -> PytestConfig:
    default = PytestConfig()
    testpaths = tuple(path.removeprefix("./").rstrip("/") for path in _words(options.get("testpaths")))
    return PytestConfig(
        source,
        python_files=_words(options.get("python_files")) or default.python_files,
        python_classes=_words(options.get("python_classes")) or default.python_classes,
        python_functions=_words(options.get("python_functions")) or default.python_functions,
        testpaths=() if "." in testpaths else testpaths,
        norecursedirs=_words(options.get("norecursedirs")) or default.norecursedirs,
    )


def _words(value: object) -> tuple[str, ...]:
    """Return an option's list of strings: a list in TOML, words in an INI file."""
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError:
            return tuple(value.split())
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _anywhere(pattern: str) -> str:
    """Return a pattern that has a folder in it, so that it matches paths from the top of the project."""
    return f"*{pattern}" if "/" in pattern and not pattern.startswith("/") else pattern
