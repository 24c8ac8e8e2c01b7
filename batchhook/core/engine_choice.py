"""Choice of a Python project's framework: pytest where it speaks of it and its Python has it, else unittest. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from batchhook.core.pytest_config import Reader, read_config
from batchhook.core.pytest_style import PytestStyle, find_pytest_style, is_own_file
from batchhook.core.settings import EngineName

_MAX_REASONS = 3


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The test framework of a project.

    Attributes:
        engine: not ``AUTO``.
        reasons: why, a short phrase each.
        is_pytest_missing: whether the project's tests are written for pytest, and its Python does not have it.
    """

    engine: EngineName
    reasons: tuple[str, ...]
    is_pytest_missing: bool = False


def choose_engine(configured: EngineName, files: Collection[str], read: Reader, pytest: str) -> EngineChoice:
    """Choose the test framework of a project.

    Args:
        configured: the setting.
        files: the project's files, without ignored ones, relative to the top.
        read: returns a file's content.
        pytest: version of pytest in the project's Python; empty if there is none.
    """
    if configured is not EngineName.AUTO:
        is_missing = configured is EngineName.PYTEST and not pytest
        return EngineChoice(configured, (f'engine = "{configured.value}"',), is_missing)
    reasons = find_reasons(files, read)
    if not reasons:
        return EngineChoice(EngineName.UNITTEST, ("nothing in the project is written for pytest",))
    return EngineChoice(EngineName.PYTEST if pytest else EngineName.UNITTEST, reasons, not pytest)


def has_python_tests(files: Collection[str], pattern: str, read: Reader) -> bool:
    """Return whether a project has tests in Python: for pytest, or in a file that unittest's discovery looks for.

    Args:
        files: the project's files, without ignored ones, relative to the top.
        pattern: of test files, as ``unittest discover -p``.
        read: returns a file's content.
    """
    names = (path.rpartition("/")[2] for path in files if path.endswith(".py") and is_own_file(path))
    return any(fnmatchcase(name, pattern) for name in names) or bool(find_reasons(files, read))


def find_reasons(files: Collection[str], read: Reader) -> tuple[str, ...]:
    """Return where a project speaks of pytest, the plainest places first; tests are read only if there is no other."""
    config = read_config(files, read)
    conftests = sorted(
        (path for path in files if path.rpartition("/")[2] == "conftest.py" and is_own_file(path)),
        key=lambda path: (path.count("/"), path),
    )
    plain = [*([config.source] if config.source else []), *conftests[:1]]
    return tuple(plain) or _reasons_in_tests(find_pytest_style(files, config, read))


def _reasons_in_tests(style: PytestStyle) -> tuple[str, ...]:
    tests = [f"pytest-style tests in {path}" for path in style.tests]
    fixtures = [f"fixtures of pytest in {path}" for path in style.fixtures if path not in style.tests]
    return tuple([*tests, *fixtures][:_MAX_REASONS])
