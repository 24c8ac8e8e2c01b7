"""Tests that only pytest runs: functions, and classes that are no ``unittest.TestCase``. Pure, and without imports.

What is counted is what the source shows. pytest may collect more: parameters, what is imported or generated, doctests.
In doubt a class is taken for a TestCase, and a function for a helper, so that what unittest runs is never called unrun.
"""

from __future__ import annotations

import ast
import codecs
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from batchhook.core.pytest_config import PytestConfig, Reader, matches_name

MAX_FILES = 20_000
"""Python files of tests that are read."""
MAX_PARSED = 4_000
"""Files that are parsed; in further ones, tests are counted by their lines."""
_MAX_SOURCE = 1 << 20
"""Bytes of a file that are considered."""
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_SAMPLES = frozenset(
    {"data", "testdata", "test_data", "test-data", "fixtures", "samples", "snapshots", "resources", "assets", "golden"}
)
"""Folders in test folders whose files are read by tests; conftest.py and tests there belong to no project."""
_FOREIGN = frozenset({"node_modules", "site-packages", "dist-packages", "vendor", "_vendor", "vendored", "third_party"})

_CLASS = re.compile(rb"^class[ \t]+(\w+)[ \t]*(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?[ \t]*:", re.MULTILINE)
_FUNCTION = re.compile(rb"^(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
_INDENTED = re.compile(rb"^[ \t]+(?:async[ \t]+)?def[ \t]+(\w+)[ \t]*\(\s*(?!self\b|cls\b|\s)", re.MULTILINE)
"""A function that is no method: under a condition, or in another function."""
_FIXTURE = re.compile(rb"\bfixture\b|\busefixtures\b")
_SUITE_NAMES = frozenset(
    {"TestSuite", "TestLoader", "TextTestRunner", "defaultTestLoader", "makeSuite", "run_unittest", "DocTestSuite"}
)
"""Names in a function that builds or runs a unittest suite, such as ``test_main`` and ``test_suite``."""


@dataclass(frozen=True, slots=True)
class PytestStyle:
    """Traces of pytest in the source of tests.

    Attributes:
        tests: number of pytest-style tests in each file that has some.
        fixtures: files with fixtures, or with tests that name some.
    """

    tests: Mapping[str, int] = field(default_factory=dict)
    fixtures: tuple[str, ...] = ()


def is_own_file(path: str) -> bool:
    """Return whether a file is the project's own, rather than vendored code or sample data of its tests."""
    folders = path.split("/")[:-1]
    if any(folder in _FOREIGN or folder.startswith(".") for folder in folders):
        return False
    tests = next((index for index, folder in enumerate(folders) if folder in _TEST_FOLDERS), len(folders))
    return _SAMPLES.isdisjoint(folders[tests + 1 :])


def find_pytest_style(files: Collection[str], config: PytestConfig, read: Reader) -> PytestStyle:
    """Find the tests that only pytest runs, in the files where it looks for tests.

    Args:
        files: of the project, relative to the top.
        config: pytest's.
        read: returns a file's content.
    """
    own = sorted(path for path in files if path.endswith(".py") and is_own_file(path))
    nearby = (path for path in own if config.collects(path) or not _TEST_FOLDERS.isdisjoint(path.split("/")[:-1]))
    contents = {path: read(path)[:_MAX_SOURCE].removeprefix(codecs.BOM_UTF8) for path in islice(nearby, MAX_FILES)}
    hierarchy = _Hierarchy(contents.values())
    tests: dict[str, int] = {}
    fixtures: list[str] = []
    parsed = 0
    for path, content in contents.items():
        if not config.collects(path) or not _is_candidate(content, config):
            continue
        parsed += 1
        module = _parse(content) if parsed <= MAX_PARSED else None
        count = _count_by_lines(content, config) if module is None else _count_tests(module, config, hierarchy)
        if count:
            tests[path] = count
        if module is not None and _uses_fixtures(module):
            fixtures.append(path)
    return PytestStyle(tests, tuple(fixtures))


def _is_candidate(content: bytes, config: PytestConfig) -> bool:
    """Return whether a file may hold pytest-style tests or fixtures, by its lines."""
    functions = chain(_FUNCTION.finditer(content), _INDENTED.finditer(content))
    if _FIXTURE.search(content) or any(_is_test(match[1], config) for match in functions):
        return True
    return any(
        matches_name(match[1].decode("ascii", "replace"), config.python_classes)
        and b"TestCase" not in (match[2] or b"")
        for match in _CLASS.finditer(content)
    )


def _is_test(name: bytes, config: PytestConfig) -> bool:
    return matches_name(name.decode("ascii", "replace"), config.python_functions)


def _count_by_lines(content: bytes, config: PytestConfig) -> int:
    """Count test functions in a file that cannot be parsed: it may be written for another Python than ours."""
    return sum(_is_test(match[1], config) for match in _FUNCTION.finditer(content))


def _parse(content: bytes) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the file, such as an invalid escape
            return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Hierarchy:
    """The classes of all tests by name, as their ``class`` lines show them.

    Args:
        contents: of the files.
    """

    def __init__(self, contents: Iterable[bytes]) -> None:
        self._bases: dict[str, set[str]] = {}
        for content in contents:
            for match in _CLASS.finditer(content):
                names = re.findall(r"[\w.]+(?=\s*(?:[,\[(]|$))", (match[2] or b"").decode("utf-8", "replace"))
                bases = self._bases.setdefault(match[1].decode("utf-8", "replace"), set())
                bases.update(name.rpartition(".")[2] for name in names)
        self._mixins = {base for name in self._bases if self.is_test_case(name) for base in self._ancestors(name)}

    def is_test_case(self, name: str) -> bool:
        """Return whether a class is derived from a TestCase."""
        return any(ancestor.endswith("TestCase") for ancestor in self._ancestors(name))

    def is_mixin(self, name: str) -> bool:
        """Return whether a class is a base of TestCases: its tests run in these."""
        return name in self._mixins

    def is_known(self, name: str) -> bool:
        """Return whether all that a class is derived from is in the project's tests, or is of the language."""
        return all(
            each in self._bases or each in {"object", "Generic", "Protocol", "ABC"} for each in self._ancestors(name)
        )

    def _ancestors(self, name: str) -> set[str]:
        ancestors: set[str] = set()
        queue = [name]
        while queue:
            for base in self._bases.get(queue.pop(), ()):
                if base not in ancestors:
                    ancestors.add(base)
                    queue.append(base)
        return ancestors


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _count_tests(module: ast.Module, config: PytestConfig, hierarchy: _Hierarchy) -> int:
    statements = list(_statements(module.body))
    functions = {each.name: each for each in statements if isinstance(each, _Function)}
    tests = [each for each in functions.values() if matches_name(each.name, config.python_functions)]
    called = _called_names(statements) if any(_required(each) for each in tests) else frozenset()
    count = sum(not _is_helper(each, called) and not _is_fixture(each) for each in tests)
    for each in statements:
        if isinstance(each, ast.ClassDef) and matches_name(each.name, config.python_classes):
            count += _count_methods(each, config, hierarchy)
    return count


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements at the top of a module, also those that depend on a condition, such as a version."""
    for each in body:
        if isinstance(each, (ast.If, ast.Try)) and not _is_main_guard(each):
            handlers = [handler.body for handler in each.handlers] if isinstance(each, ast.Try) else []
            for block in (each.body, *handlers, each.orelse):
                yield from _statements(block)
        elif not _is_main_guard(each):
            yield each


def _is_main_guard(statement: ast.stmt) -> bool:
    """Return whether a statement is ``if __name__ == "__main__"``: what it calls are tests, run by hand."""
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _called_names(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Return the names of the functions that a module itself calls."""
    return frozenset(
        node.func.id
        for each in statements
        for node in ast.walk(each)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )


def _is_helper(function: _Function, called: Collection[str]) -> bool:
    """Return whether a function is no test: TestCases call it with arguments, or it builds a suite."""
    if function.name in called and _required(function):
        return True
    nodes = (node for each in function.body for node in ast.walk(each))
    names = (
        node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        for node in nodes
    )
    return not _SUITE_NAMES.isdisjoint(names)


def _required(function: _Function) -> list[str]:
    """Return the parameters without a default: fixtures, if the function is a test."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    return [each.arg for each in positional[: len(positional) - len(arguments.defaults)]]


def _count_methods(definition: ast.ClassDef, config: PytestConfig, hierarchy: _Hierarchy) -> int:
    """Return the number of tests in a class that is no TestCase, and no base of one."""
    methods = [each for each in definition.body if isinstance(each, _Function)]
    tests = [each for each in methods if matches_name(each.name, config.python_functions)]
    # pytest collects no class with a constructor.
    if any(each.name in {"__init__", "__new__"} for each in methods) or _is_marked_no_test(definition):
        return 0
    if hierarchy.is_test_case(definition.name) or hierarchy.is_mixin(definition.name) or _asserts_as_test_case(tests):
        return 0
    if not hierarchy.is_known(definition.name) and not any(map(_needs_pytest, tests)):
        return 0
    return len(tests)


def _is_marked_no_test(definition: ast.ClassDef) -> bool:
    """Return whether a class has ``__test__ = False``."""
    return any(
        isinstance(each, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "__test__" for target in each.targets)
        and isinstance(each.value, ast.Constant)
        and not each.value.value
        for each in definition.body
    )


def _asserts_as_test_case(tests: Iterable[_Function]) -> bool:
    """Return whether tests call what only a TestCase has: ``self.assertEqual``, ``self.subTest``."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and (re.match(r"assert[A-Z]|fail$|subTest$|skipTest$", node.attr) is not None)
        for test in tests
        for node in ast.walk(test)
    )


def _needs_pytest(test: _Function) -> bool:
    """Return whether a method has parameters or marks that only pytest provides."""
    return len(_required(test)) > 1 or any("pytest" in ast.dump(each) for each in test.decorator_list)


def _is_fixture(function: _Function) -> bool:
    return any(_last_name(each) == "fixture" for each in function.decorator_list)


def _last_name(node: ast.expr) -> str:
    """Return the last part of a name, also of one that is called: ``fixture`` of ``@pytest.fixture()``."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _uses_fixtures(module: ast.Module) -> bool:
    """Return whether a module defines fixtures of pytest, or marks tests with their names."""
    return any(
        _last_name(decorator) in {"fixture", "usefixtures"}
        for node in ast.walk(module)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        for decorator in node.decorator_list
    ) or any(isinstance(node, ast.Attribute) and node.attr == "usefixtures" for node in ast.walk(module))
