"""Ids of tests, as unittest and pytest write them, and their parts.

unittest joins module, class and method by dots; pytest joins the file, classes and function by ``::``, and appends
parameters in brackets ("node ids", https://docs.pytest.org/en/stable/how-to/usage.html). The tests of a command have a
class and a name, joined by ``::`` as well (``engines/command/ids.py``). The notations are told apart by the text alone,
so that an id from the database needs no engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

FAILED_IMPORT = "unittest.loader._FailedTest."
"""Prefix of unittest's id of a module that cannot be imported; the module's name follows."""
NODE_SEPARATOR = "::"
EVERYTHING = "."
"""The owner of what keeps a suite from being loaded; also the id of a suite that cannot run, after its name if any."""

_SUITE = re.compile(r"[A-Za-z0-9_-]+:(?!:)")
"""The name of one of several suites, before an id. Of other ids, the first word holds a dot, a slash or ``::``."""

_FIXTURES = frozenset({"setUpClass", "setUpModule", "tearDownClass", "tearDownModule"})
_FILE_SUFFIXES = (".py", ".rst", ".txt", ".md")


class IdKind(Enum):
    """Kind of thing that an id names."""

    TEST = "test"
    FIXTURE = "fixture"
    """A fixture of a class or module that unittest reports on its own; pytest reports fixtures with their tests."""

    MODULE = "module"
    """A module that cannot be loaded, or that skips all of its tests while it is loaded."""


@dataclass(frozen=True, slots=True)
class TestId:
    """An id and its parts.

    Attributes:
        text: the id, as the engine writes it, after the name of the suite if the project has several.
        kind: what it names.
        suite: the name of the suite; empty for a project's only suite.
        module: the module, dotted (unittest), or the file relative to the suite's root (pytest), with the suite's name
            as in the id. For a test of unittest's that was parsed without its module, the best guess.
        class_name: the class with its module, in the notation of the id; empty for a function.
        name: of the test, with its parameters; the whole id of a fixture.
    """

    __test__ = False  # not a test class of pytest's

    text: str
    kind: IdKind
    suite: str
    module: str
    class_name: str
    name: str

    @property
    def function(self) -> str:
        """The name without parameters."""
        return self.name.partition("[")[0] if is_node_id(self.text) else self.name

    @property
    def dotted_class(self) -> str:
        """The class, or the module of a function, joined by dots: as JUnit reports of both frameworks have it."""
        if not is_node_id(self.text):
            return self.class_name
        if self.kind is IdKind.MODULE:
            return ""
        path, *classes = self.owner.split(NODE_SEPARATOR)
        return ".".join((path.removesuffix(".py").strip("/").replace("/", "."), *classes))

    @property
    def owner(self) -> str:
        """The part before the name: the class; of a function of pytest's, the module."""
        return self.class_name or (self.module if is_node_id(self.text) else "")


def is_test_file(path: str) -> bool:
    """Return whether a file's name is that of a test module: as unittest and pytest look for them by default."""
    name = path.rpartition("/")[2]
    return name.endswith(".py") and (name.startswith("test") or name.endswith("_test.py"))


def split_suite(text: str) -> tuple[str, str]:
    """Split the name of a suite from an id; it is empty for a project's only suite."""
    match = _SUITE.match(text)
    return (match[0][:-1], text[match.end() :]) if match else ("", text)


def join_suite(suite: str, text: str) -> str:
    """Put the name of a suite before an id."""
    return f"{suite}:{text}" if suite else text


def parse_id(text: str, module: str = "") -> TestId:
    """Parse an id.

    Args:
        text: the id.
        module: that defines the test's class, where that is known; pytest's ids hold it.
    """
    suite, inside = split_suite(text)
    kind, module, class_name, name = _parse(inside, split_suite(module)[1])
    module = join_suite(suite, module) if module else ""
    return TestId(text, kind, suite, module, join_suite(suite, class_name) if class_name else "", name)


def _parse(text: str, module: str) -> tuple[IdKind, str, str, str]:
    """Return kind, module, class and name of an id without a suite."""
    if is_node_id(text):
        return _parse_node_id(text)
    if is_fixture(text):
        return IdKind.FIXTURE, module_of(text), owner(text), text
    if text.startswith(FAILED_IMPORT):
        name = text.removeprefix(FAILED_IMPORT)
        return IdKind.MODULE, name, FAILED_IMPORT.rstrip("."), name
    if not module or not text.startswith(f"{module}."):
        group, _, rest = text.rpartition(".")
        return IdKind.TEST, module or group.rpartition(".")[0], group, rest if group else text
    # Classes may be nested, and a generated test name may contain dots: it starts at the first part that can be a
    # test's name.
    parts = text.removeprefix(f"{module}.").split(".")
    start = next((index for index, part in enumerate(parts) if index and part.startswith("test")), len(parts) - 1)
    return IdKind.TEST, module, ".".join((module, *parts[:start])), ".".join(parts[start:])


def _parse_node_id(text: str) -> tuple[IdKind, str, str, str]:
    path, separator, inside = text.partition(NODE_SEPARATOR)
    if not separator:
        return IdKind.MODULE, path, "", path
    bare, bracket, parameters = inside.partition("[")
    classes, _, function = bare.rpartition(NODE_SEPARATOR)
    class_name = f"{path}{NODE_SEPARATOR}{classes}" if classes else ""
    return IdKind.TEST, path, class_name, f"{function}{bracket}{parameters}"


def is_node_id(text: str) -> bool:
    """Return whether an id is one of pytest's: a file, or something inside of one."""
    if is_fixture(text):
        return False
    path, separator, _ = split_suite(text)[1].partition(NODE_SEPARATOR)
    return bool(separator) or "/" in path or path.endswith(_FILE_SUFFIXES) or path == EVERYTHING


def is_fixture(text: str) -> bool:
    """Return whether an id is that of a fixture of unittest's, such as ``setUpModule (pkg.module)``."""
    return split_suite(text)[1].partition(" (")[0] in _FIXTURES


def is_unloaded_module(text: str) -> bool:
    """Return whether an id is that of a module that cannot be loaded, or that skips all of its tests."""
    inside = split_suite(text)[1]
    return inside.startswith(FAILED_IMPORT) or (NODE_SEPARATOR not in inside and is_node_id(text))


def owner(text: str) -> str:
    """Return the class or module of a fixture, what cannot be loaded with a module, or the id itself for a test.

    Without a ``conftest.py`` nothing can be loaded: pytest does not start.
    """
    suite, inside = split_suite(text)
    if is_fixture(inside):
        inside = inside.partition(" (")[2].removesuffix(")")
    elif is_unloaded_module(text) and inside.rpartition("/")[2] == "conftest.py":
        inside = EVERYTHING
    return join_suite(suite, inside.removeprefix(FAILED_IMPORT))


def module_of(text: str) -> str:
    """Return the module of an id; for a class of unittest's, by convention all but the last part of its name."""
    if is_node_id(text):
        suite, inside = split_suite(text)
        return join_suite(suite, inside.partition(NODE_SEPARATOR)[0])
    name = owner(text)
    return name.rpartition(".")[0] if text.partition(" (")[0].endswith("Class") else name


def is_inside(text: str, module: str) -> bool:
    """Return whether a test, fixture or module belongs to a module, or to a module inside that package or folder."""
    (suite, inside), (module_suite, module) = split_suite(text), split_suite(module)
    if suite != module_suite:
        return False
    if module == EVERYTHING:
        return True
    if is_node_id(inside):
        folder = module.rstrip("/")
        return inside == module or inside.startswith((f"{folder}{NODE_SEPARATOR}", f"{folder}/"))
    return f"{owner(inside)}.".startswith(f"{module}.")


def display_name(text: str, traceback: str = "") -> str:
    """Return the name of a failing test for people: an id, or what is wrong with a module that cannot be loaded.

    Args:
        text: id of the test, a fixture, or a module that cannot be loaded.
        traceback: of its failure.
    """
    if not is_unloaded_module(text):
        return text
    suite, inside = split_suite(text)
    if inside == EVERYTHING:
        return f"the suite {suite} cannot run" if suite else "the tests cannot be run"
    if is_node_id(text) and not inside.endswith(_FILE_SUFFIXES):
        return f"{text} cannot be built or loaded"  # of a command
    module = join_suite(suite, inside.removeprefix(FAILED_IMPORT))
    is_imported = "Failed to call load_tests:" in traceback
    return f"load_tests of {module} failed" if is_imported else f"{module} cannot be imported"


def unittest_name(text: str, module: str) -> str:
    """Return ``test_add (test_calculator.CalculatorTest.test_add)``, as unittest prints it; other ids as they are."""
    name = parse_id(text, module).name
    return text if is_node_id(text) or name == text else f"{name} ({text})"


def module_files(module: str, roots: Iterable[str]) -> Iterator[str]:
    """Yield the files that a module may be, relative to the checkout.

    Args:
        module: as in the results of its tests.
        roots: folders that modules are imported from, relative to the checkout; empty or ``.`` for the checkout itself.
    """
    name = split_suite(module)[1]
    names = [name] if is_node_id(name) else [f"{name.replace('.', '/')}{suffix}" for suffix in (".py", "/__init__.py")]
    for root in roots:
        folder = root.strip("/").removeprefix("./").strip(".")
        yield from (f"{folder}/{name}".lstrip("/") for name in names)
