"""Load the suite, and flatten it into items that can be run one by one."""

# The package has no name of its own inside the project (harness/supervisor.py).

from __future__ import annotations

import copy
import sys
import unittest

from ...harness.text import MESSAGE_LIMIT, attempt, bounded, bounded_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ...harness.channel import Channel

__unittest = True  # unittest omits frames of such modules from its tracebacks

ITEMS_PER_LINE = 500


class LoaderHooks:
    """Has unittest's default loader report each module before it imports it, or limits it to some modules.

    The loader itself stays the one that ``python -m unittest`` uses: up to Python 3.12.1 it remembers the top folder,
    and ``load_tests`` is called with it. Inside a ``with`` block, two of its methods are replaced.
    """

    _NAMES = ("_match_path", "_get_name_from_path")

    def __init__(self, loader: Any, channel: Channel, modules: frozenset[str]) -> None:  # noqa: ANN401 - private methods
        self._loader = loader
        self._match, self._name = [getattr(loader, name) for name in self._NAMES]
        self._channel = channel
        self._modules = modules

    def __enter__(self) -> None:
        """Replace the methods, on the instance."""
        vars(self._loader).update(_match_path=self._match_path, _get_name_from_path=self._get_name_from_path)

    def __exit__(self, *exception: object) -> None:
        """Uncover the methods of the class."""
        for name in self._NAMES:
            vars(self._loader).pop(name, None)

    def _match_path(self, path: str, full_path: str, pattern: str) -> bool:
        if not self._match(path, full_path, pattern):
            return False
        return not self._modules or self._name(full_path) in self._modules

    def _get_name_from_path(self, path: str) -> str:
        # The loader asks for the name just before it imports a module; overriding the import itself would put a
        # frame of ours into the text of every import error.
        name: str = self._name(path)
        self._channel.send("import_started", module=bounded_id(name))
        return name


def discover(channel: Channel, start: str, pattern: str, top: str, modules: str) -> FlatSuite | None:
    """Load the suite and report its items; return ``None`` if unittest itself gives up.

    Args:
        channel: for the reports.
        start: folder, as ``unittest discover -s``.
        pattern: as ``unittest discover -p``.
        top: folder, as ``unittest discover -t``; may be empty.
        modules: names of the only modules to import, separated by spaces; empty for all.
    """
    loader = unittest.defaultTestLoader
    try:
        with LoaderHooks(loader, channel, frozenset(modules.split())):
            tests = loader.discover(start, pattern, top or None)
        suite = FlatSuite(tests)
    except BaseException as error:  # noqa: BLE001 - whatever ends unittest's discovery ends ours
        text = attempt(str, error, otherwise="")
        channel.send("discovery_failed", error_type=type(error).__name__, message=bounded(text, MESSAGE_LIMIT))
        return None
    for first in range(0, len(suite.rows), ITEMS_PER_LINE):
        channel.send("items", items=suite.rows[first : first + ITEMS_PER_LINE])
    return suite


class FlatSuite:
    """The tests of a suite in the order in which unittest would run them.

    Plain suites are flattened: unittest treats fixtures alike however its suites are nested. A suite with a ``run`` of
    its own may do anything around its tests, so it stays whole and its tests stay together.

    Attributes:
        rows: id, module, class, and the group that must stay together (empty: none) of each item.
        tests: the test of each item; dropped once it has run, as unittest does to save memory.
        owners: the custom suite of each item, if any.
    """

    def __init__(self, suite: unittest.BaseTestSuite) -> None:
        self.rows: list[list[str]] = []
        self.tests: list[Any] = []
        self.owners: list[Any] = []
        self._custom_suites = 0
        self._flatten(suite)

    def _flatten(self, suite: Iterable[Any]) -> None:
        for test in suite:
            if is_plain(test):
                self._flatten(test)
            elif is_suite(test):
                self._custom_suites += 1
                for leaf in leaves(test):
                    self._add(leaf, test, f"suite {self._custom_suites}")
            elif test is not None:
                self._add(test, None, fixture_group(test))

    def _add(self, test: Any, owner: Any, group: str) -> None:  # noqa: ANN401
        row = [test_id(test), module_of(test), class_name(type(test)), group]
        self.rows.append([bounded_id(text) for text in row])
        self.tests.append(test)
        self.owners.append(owner)

    def move_items(self, items: Sequence[int], suite: unittest.TestSuite) -> None:
        """Add some items to a suite, in their order, and drop them here."""
        selection = {id(self.tests[item]) for item in items}
        added: set[int] = set()
        for item in items:
            owner = self.owners[item]
            if owner is None:
                suite.addTest(self.tests[item])
            elif id(owner) not in added:
                added.add(id(owner))
                suite.addTest(restricted(owner, selection))
        for item in items:
            self.tests[item] = self.owners[item] = None


def is_suite(test: object) -> bool:
    """Return whether unittest would look for tests inside."""
    try:
        iter(test)  # type: ignore[call-overload]
    except TypeError:
        return False
    return True


def is_plain(test: object) -> bool:
    """Return whether a suite runs its tests exactly as unittest's own class does."""
    plain = unittest.TestSuite
    names = ("run", "__call__", "__iter__", "_handleClassSetUp", "_handleModuleFixture", "_tearDownPreviousClass")
    return isinstance(test, plain) and all(getattr(type(test), name) is getattr(plain, name) for name in names)


def leaves(suite: Iterable[Any]) -> Iterator[Any]:
    """Yield all tests below a suite."""
    for test in suite:
        if is_suite(test):
            yield from leaves(test)
        elif test is not None:
            yield test


def restricted(suite: Any, selection: set[int]) -> Any:  # noqa: ANN401
    """Return a copy of a suite of any class with only the selected tests (by identity)."""
    members = getattr(suite, "_tests", None)
    if not isinstance(members, list):
        return suite
    clone = copy.copy(suite)
    clone._tests = [  # noqa: SLF001 - unittest has no other way
        restricted(test, selection) if is_suite(test) else test
        for test in members
        if (any(id(leaf) in selection for leaf in leaves(test)) if is_suite(test) else id(test) in selection)
    ]
    return clone


def test_id(test: Any) -> str:  # noqa: ANN401
    """Return ``test.id()``, or the best substitute."""
    return attempt(
        lambda: test.id(),  # noqa: PLW0108 - the test may lack an id
        otherwise=attempt(str, test, otherwise=class_name(type(test))),
    )


def module_of(test: Any) -> str:  # noqa: ANN401
    """Return the module that a test belongs to: the one that failed to import, the docstring's, or the class's."""
    if type(test).__module__ == "unittest.loader":
        return str(getattr(test, "_testMethodName", ""))
    example = getattr(test, "_dt_test", None)
    if example is not None:
        return str(example.globs.get("__name__") or example.name)
    return str(type(test).__module__)


def class_name(kind: type) -> str:
    """Return the name by which unittest identifies a class's fixtures."""
    return f"{kind.__module__}.{kind.__qualname__}"


def fixture_group(test: object) -> str:
    """Return the widest fixture that a test shares with others: its module's, its class's, or an empty string."""
    module = sys.modules.get(type(test).__module__)
    if hasattr(module, "setUpModule") or hasattr(module, "tearDownModule"):
        return "module " + type(test).__module__
    return "class " + class_name(type(test)) if has_class_fixture(type(test)) else ""


def shared_fixtures(test: object) -> list[str]:
    """Return the names of the fixtures that a test shares with others (``suite.ReportingSuite``)."""
    return [f"class {class_name(type(test))}", f"module {type(test).__module__}"]


def has_class_fixture(kind: type) -> bool:
    """Return whether a class overrides the empty class fixtures of ``TestCase``."""
    plain = unittest.TestCase
    return any(
        getattr(getattr(kind, name, None), "__func__", None) is not getattr(plain, name).__func__
        for name in ("setUpClass", "tearDownClass")
    ) and issubclass(kind, plain)
