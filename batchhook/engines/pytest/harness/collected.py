"""Results of a collection: tests, as rows of batchhook's list, and the modules that cannot be loaded."""

# pathlib's objects would be made for each collector.
# ruff: noqa: PTH112

from __future__ import annotations

import os
import sys
import traceback

import pytest

from ...harness.exceptions import summarize_exception
from ...harness.locations import in_checkout
from ...harness.text import MESSAGE_LIMIT, TRACEBACK_LIMIT, bounded, bounded_id
from .item_reports import skip_reason, traceback_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class UnloadedModule:
    """A module that cannot be loaded, or that skips all of its tests while it is loaded; listed as a test.

    Attributes:
        node_id: of the module, or of a class in it.
        module: its file.
        result: the fields of batchhook's ``TestResult``.
    """

    def __init__(self, node_id: str, outcome: str, error: tuple[str, str, str], text: str = "") -> None:
        error_type, message, location = error
        self.node_id = bounded_id(node_id)
        self.module = bounded_id(node_id.partition("::")[0])
        self.result: dict[str, object] = {
            "test_id": self.node_id,
            "module": self.module,
            "outcome": outcome,
            "duration": 0.0,
            "error_type": bounded_id(error_type),
            "message": bounded(message, MESSAGE_LIMIT),
            "location": bounded_id(location),
            "traceback": bounded(text, TRACEBACK_LIMIT),
            "subtests_failed": 0,
        }

    @classmethod
    def from_report(cls, report: Any, exception: Any) -> UnloadedModule:  # noqa: ANN401
        """Describe a collector from its report, and from its exception where pytest has handed that out."""
        node_id = path_of(str(report.nodeid))
        if report.outcome == "skipped":
            return cls(node_id, "skipped", ("", skip_reason(report), ""))
        text = traceback_of(report)
        error = describe(exception.value, text) if exception is not None else ("", text.strip(), "")
        return cls(node_id, "errored", error, text)


def path_of(node_id: str) -> str:
    """Return the id of a collector; a folder's ends in a slash, so that it is known for a path."""
    is_folder = "::" not in node_id and os.path.isdir(node_id or ".")
    return f"{node_id or '.'}/" if is_folder else node_id


def describe(error: BaseException, text: str) -> tuple[str, str, str]:
    """Return error type, message and location of an exception during collection.

    pytest raises an error of its own for a module that raised ImportError, and for any error in a ``conftest.py``.
    """
    if type(error).__name__ in {"CollectError", "ConftestImportFailure"}:
        error = error.__cause__ or getattr(error, "cause", None) or error
    kind, message, location = summarize_exception(error, error.__traceback__, text, is_failure=False)
    if not location and isinstance(error, SyntaxError) and error.filename:
        location = in_checkout(error.filename, error.lineno or 1)
    return kind, message, location


def describe_conftest_error(error: BaseException) -> list[UnloadedModule]:
    """Describe an error in a ``conftest.py`` that keeps pytest from starting; nothing for other errors."""
    if type(error).__name__ != "ConftestImportFailure":
        return []
    path = os.path.relpath(str(getattr(error, "path", "conftest.py")))
    cause: Any = error.__cause__ or getattr(error, "cause", None) or error
    text = "".join(traceback.format_exception_only(type(cause), cause))
    return [UnloadedModule(path, "errored", describe(error, ""), text)]


class TestRows:
    """Turns what was collected into rows: id, module, class, and the group that must stay together."""

    __test__ = False

    def __init__(self) -> None:
        self._scopes: dict[int, str] = {}  # by the identity of the fixtures' description, which parameter sets share

    def row(self, entry: Any) -> list[str]:  # noqa: ANN401
        """Return the row of an item of pytest's, or of an unloaded module."""
        if isinstance(entry, UnloadedModule):
            return [entry.node_id, entry.module, "", ""]
        node_id = str(entry.nodeid)
        module = node_id.partition("::")[0]
        owner = entry.getparent(pytest.Class)
        class_name = str(owner.nodeid) if owner is not None else ""
        scope = self._widest_scope(entry)
        group = {"module": f"module {module}", "class": f"class {class_name}"}.get(scope, "")
        return [bounded_id(text) for text in (node_id, module, class_name, group)]

    def _widest_scope(self, item: Any) -> str:  # noqa: ANN401
        """Return the widest scope, up to the module, of the fixtures that a test shares; empty if it shares none.

        Fixtures of a session or a package are set up once for each worker, as pytest-xdist does.
        """
        info = getattr(item, "_fixtureinfo", None)
        if info is None:
            return ""
        if id(info) not in self._scopes:
            definitions = [each for group in info.name2fixturedefs.values() for each in group]
            scopes = {str(each.scope) for each in definitions if not is_empty_class_fixture(each, item)}
            self._scopes[id(info)] = next((scope for scope in ("module", "class") if scope in scopes), "")
        return self._scopes[id(info)]


def is_empty_class_fixture(definition: Any, item: Any) -> bool:  # noqa: ANN401
    """Return whether a fixture is the one that pytest adds to each ``unittest.TestCase``, and it does nothing."""
    if not str(definition.argname).startswith("_unittest_setUpClass"):
        return False
    plain: Any = sys.modules["unittest"].TestCase
    return all(
        getattr(getattr(item.cls, name, None), "__func__", None) is getattr(plain, name).__func__
        for name in ("setUpClass", "tearDownClass")
    )
