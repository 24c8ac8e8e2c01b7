"""unittest's suite, which reports every fixture before it runs."""

from __future__ import annotations

import sys
import unittest

from .discovery import class_name, has_class_fixture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__unittest = True  # unittest omits frames of such modules from its tracebacks


class ReportingSuite(unittest.TestSuite):
    """unittest's suite, which reports each fixture first: if the fixture ends the process, it takes the blame."""

    def _handleClassSetUp(self, test: Any, result: Any) -> None:  # noqa: ANN401, N802
        if result._previousTestClass is not type(test) and has_class_fixture(type(test)):  # noqa: SLF001
            result.fixture_started(f"setUpClass ({class_name(type(test))})")
        result.recorder.fixture_started(f"class {class_name(type(test))}")
        super()._handleClassSetUp(test, result)  # type: ignore[misc]
        result.recorder.fixture_finished()

    def _tearDownPreviousClass(self, test: Any, result: Any) -> None:  # noqa: ANN401, N802
        previous = result._previousTestClass  # noqa: SLF001
        if previous is not None and previous is not type(test) and has_class_fixture(previous):
            result.fixture_started(f"tearDownClass ({class_name(previous)})")
        result.recorder.fixture_started(f"class {class_name(previous or type(test))}")
        super()._tearDownPreviousClass(test, result)  # type: ignore[misc]
        result.recorder.fixture_finished()

    def _handleModuleFixture(self, test: Any, result: Any) -> None:  # noqa: ANN401, N802
        module = type(test).__module__
        if hasattr(sys.modules.get(module), "setUpModule"):
            result.upcoming_fixture = f"setUpModule ({module})"
        result.recorder.fixture_started(f"module {module}")
        super()._handleModuleFixture(test, result)  # type: ignore[misc]
        result.recorder.fixture_finished()
        result.upcoming_fixture = ""

    def _handleModuleTearDown(self, result: Any) -> None:  # noqa: ANN401, N802
        module = self._get_previous_module(result)  # type: ignore[attr-defined]
        if hasattr(sys.modules.get(module), "tearDownModule"):
            result.fixture_started(f"tearDownModule ({module})")
        result.recorder.fixture_started(f"module {module}")
        super()._handleModuleTearDown(result)  # type: ignore[misc]
        result.recorder.fixture_finished()
        if result.upcoming_fixture:  # unittest calls this just before it sets up the next module
            result.fixture_started(result.upcoming_fixture)
