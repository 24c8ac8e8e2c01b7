"""Loading the suite, and taking it apart into units that can be run one by one."""

from __future__ import annotations

import copy
import sys
import unittest

from .text import ID_LIMIT, MESSAGE_LIMIT, attempt, bounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from .channel import Channel

__unittest = True  # unittest leaves frames of such modules out of its tracebacks

UNITS_IN_A_LINE = 500


class Loader(unittest.TestLoader):
    """unittest's loader, which says what it is about to import, and imports some modules alone if it is told so."""

    channel: Channel
    wanted: frozenset[str] = frozenset()

    def _match_path(self, path: str, full_path: str, pattern: str) -> bool:
        if not super()._match_path(path, full_path, pattern):
            return False
        return not self.wanted or super()._get_name_from_path(full_path) in self.wanted  # type: ignore[misc]

    def _get_name_from_path(self, path: str) -> str:
        # The loader asks for the name just before it imports a module; overriding the import itself would put a
        # frame of ours into the text of every import error.
        name: str = super()._get_name_from_path(path)  # type: ignore[misc]
        self.channel.say("loading", module=bounded(name, ID_LIMIT))
        return name


def discover(channel: Channel, discovery: Sequence[str]) -> Units | None:
    """Load the suite and report its units; ``None`` where unittest itself gives up."""
    start, pattern, top, wanted = discovery
    loader = Loader()
    loader.channel = channel
    loader.wanted = frozenset(wanted.split())
    try:
        suite = loader.discover(start, pattern, top or None)
        units = Units(suite)
    except BaseException as error:  # noqa: BLE001 - whatever ends unittest's discovery ends ours
        text = attempt(str, error, otherwise="")
        channel.say("unloadable", error_type=type(error).__name__, message=bounded(text, MESSAGE_LIMIT))
        return None
    for first in range(0, len(units.rows), UNITS_IN_A_LINE):
        channel.say("units", units=units.rows[first : first + UNITS_IN_A_LINE])
    return units


class Units:
    """The suite's tests in the order in which unittest would run them.

    Plain suites are taken apart: unittest treats fixtures alike however its suites are nested. A suite with a ``run``
    of its own may do anything around its tests, so it stays whole and its tests stay together.

    Attributes:
        rows: id, module, class, and the group that must stay together (empty: none) of each unit.
        tests: each unit's test; forgotten once it has been run, as unittest does to save memory.
        parts: for each unit the custom suite that it belongs to, if any.
    """

    def __init__(self, suite: unittest.BaseTestSuite) -> None:
        self.rows: list[list[str]] = []
        self.tests: list[Any] = []
        self.parts: list[Any] = []
        self._custom_suites = 0
        self._take_apart(suite)

    def _take_apart(self, suite: Iterable[Any]) -> None:
        for test in suite:
            if is_plain(test):
                self._take_apart(test)
            elif is_suite(test):
                self._custom_suites += 1
                for leaf in leaves(test):
                    self._add(leaf, test, f"suite {self._custom_suites}")
            elif test is not None:
                self._add(test, None, fixture_group(test))

    def _add(self, test: Any, part: Any, group: str) -> None:  # noqa: ANN401
        row = [test_id(test), module_of(test), class_name(type(test)), group]
        self.rows.append([bounded(text, ID_LIMIT) for text in row])
        self.tests.append(test)
        self.parts.append(part)

    def fill(self, suite: unittest.TestSuite, wanted: Sequence[int]) -> unittest.TestSuite:
        """Put some units into a suite, in their order."""
        chosen = {id(self.tests[number]) for number in wanted}
        taken: set[int] = set()
        for number in wanted:
            part = self.parts[number]
            if part is None:
                suite.addTest(self.tests[number])
            elif id(part) not in taken:
                taken.add(id(part))
                suite.addTest(restricted(part, chosen))
        return suite


def is_suite(test: object) -> bool:
    """Whether unittest would look for tests inside."""
    try:
        iter(test)  # type: ignore[call-overload]
    except TypeError:
        return False
    return True


def is_plain(test: object) -> bool:
    """Whether this suite runs its tests just as unittest's own class does."""
    plain = unittest.TestSuite
    names = ("run", "__call__", "__iter__", "_handleClassSetUp", "_handleModuleFixture", "_tearDownPreviousClass")
    return isinstance(test, plain) and all(getattr(type(test), name) is getattr(plain, name) for name in names)


def leaves(suite: Iterable[Any]) -> Iterator[Any]:
    """All tests below a suite."""
    for test in suite:
        if is_suite(test):
            yield from leaves(test)
        elif test is not None:
            yield test


def restricted(suite: Any, chosen: set[int]) -> Any:  # noqa: ANN401
    """A copy of a suite of any class with only the chosen tests (by identity) in it."""
    members = getattr(suite, "_tests", None)
    if not isinstance(members, list):
        return suite
    clone = copy.copy(suite)
    clone._tests = [  # noqa: SLF001 - unittest has no other way
        restricted(test, chosen) if is_suite(test) else test
        for test in members
        if (any(id(leaf) in chosen for leaf in leaves(test)) if is_suite(test) else id(test) in chosen)
    ]
    return clone


def test_id(test: Any) -> str:  # noqa: ANN401
    """``test.id()``, or the best that there is."""
    return attempt(
        lambda: test.id(),  # noqa: PLW0108 - that a test has no id is among what may go wrong
        otherwise=attempt(str, test, otherwise=class_name(type(test))),
    )


def module_of(test: Any) -> str:  # noqa: ANN401
    """The module that a test belongs to: the one that failed to import, the docstring's, or the class's."""
    if type(test).__module__ == "unittest.loader":
        return str(getattr(test, "_testMethodName", ""))
    example = getattr(test, "_dt_test", None)
    if example is not None:
        return str(example.globs.get("__name__") or example.name)
    return str(type(test).__module__)


def class_name(kind: type) -> str:
    """The name that unittest's fixtures are known by."""
    return f"{kind.__module__}.{kind.__qualname__}"


def fixture_group(test: object) -> str:
    """The widest fixture that a test shares with others: its module's, its class's, or none."""
    module = sys.modules.get(type(test).__module__)
    if hasattr(module, "setUpModule") or hasattr(module, "tearDownModule"):
        return "module " + type(test).__module__
    return "class " + class_name(type(test)) if has_class_fixture(type(test)) else ""


def has_class_fixture(kind: type) -> bool:
    """Whether a class has more than ``TestCase``'s own, empty, fixtures."""
    plain = unittest.TestCase
    return any(
        getattr(getattr(kind, name, None), "__func__", None) is not getattr(plain, name).__func__
        for name in ("setUpClass", "tearDownClass")
    ) and issubclass(kind, plain)
